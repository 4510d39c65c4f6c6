"""Where commands run: adapters that keep the same promises."""
