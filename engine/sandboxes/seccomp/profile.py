"""What programs in a sandbox may ask of the kernel: one source for Docker's profile and for bubblewrap's filter.

A call is allowed, allowed under conditions on its arguments, or answered with "no such call" (ENOSYS), which every
library takes as the sign to do without. What stands nowhere here, such as calls of future kernels, is refused too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORD = 0xFFFFFFFF
_NAMESPACES = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of linux/sched.h; a new time namespace (0x80) is
one more for unshare, while clone has the signal at exit in those bits."""
_NEW_TIME = 0x80
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

_ALLOWED: Mapping[str, str] = {
    "files": """
        access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2
        fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr
        flistxattr flock fremovexattr fsetxattr fstat fstatfs fsync ftruncate futimesat getcwd getdents
        getdents64 getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch lchown
        lgetxattr link linkat listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat mkdir
        mkdirat mknod mknodat newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev
        pwritev2 read readahead readlink readlinkat readv removexattr removexattrat rename renameat
        renameat2 rmdir sendfile setxattr setxattrat splice stat statfs statx symlink symlinkat sync
        sync_file_range syncfs tee truncate umask unlink unlinkat utime utimensat utimes write writev
    """,
    "waiting": """
        epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 pipe pipe2
        poll ppoll pselect6 select signalfd signalfd4 timerfd_create timerfd_gettime timerfd_settime
    """,
    "memory": """
        brk cachestat madvise map_shadow_stack membarrier memfd_create mincore mlock mlock2 mlockall mmap
        mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect
    """,
    "processes": """
        arch_prctl capget capset execve execveat exit exit_group fork futex futex_requeue futex_wait
        futex_waitv futex_wake get_robust_list get_thread_area getegid geteuid getgid getgroups getpgid
        getpgrp getpid getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid
        ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self pause
        pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq rt_sigaction rt_sigpending
        rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
        sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
        sched_getscheduler sched_rr_get_interval sched_setattr sched_setparam sched_setscheduler sched_yield
        seccomp set_robust_list set_thread_area set_tid_address setfsgid setfsuid setgid setgroups setpgid
        setpriority setregid setresgid setresuid setreuid setrlimit setsid setuid sigaltstack tgkill times
        tkill vfork wait4 waitid
    """,
    "talking": """
        accept accept4 bind connect getpeername getsockname getsockopt listen mq_getsetattr mq_notify
        mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd recvfrom recvmmsg recvmsg
        semctl semget semop semtimedop sendmmsg sendmsg sendto setsockopt shmat shmctl shmdt shmget shutdown
    """,
    "machine": """
        alarm clock_getres clock_gettime clock_nanosleep getcpu getitimer getrandom gettimeofday nanosleep
        setitimer sysinfo time timer_create timer_delete timer_getoverrun timer_gettime timer_settime uname
    """,
}

_REFUSED: Mapping[str, str] = {
    "asynchronous rings, with a history of ways into the kernel": """
        io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit io_uring_enter io_uring_register
        io_uring_setup
    """,
    "programs, probes and page faults inside the kernel": """
        bpf perf_event_open userfaultfd
    """,
    "keys of the kernel's key rings, which no namespace holds apart": """
        add_key keyctl request_key
    """,
    "other processes' memory and descriptors": """
        kcmp pidfd_getfd process_madvise process_mrelease process_vm_readv process_vm_writev ptrace
    """,
    "mounts and roots": """
        chroot fsconfig fsmount fsopen fspick listmount mount mount_setattr move_mount open_tree open_tree_attr
        pivot_root statmount umount2
    """,
    "namespaces; clone3 takes its flags where no filter can read them, and libraries fall back to clone": """
        clone3 setns
    """,
    "files by handle instead of by path, and watches over a whole file system": """
        fanotify_init fanotify_mark file_getattr file_setattr name_to_handle_at open_by_handle_at
    """,
    "the machine itself": """
        acct adjtimex clock_adjtime clock_settime delete_module finit_module init_module ioperm iopl kexec_file_load
        kexec_load quotactl quotactl_fd reboot setdomainname sethostname settimeofday swapoff swapon syslog vhangup
    """,
    "security modules' own settings": """
        lsm_get_self_attr lsm_list_modules lsm_set_self_attr
    """,
    "rare and old parts of the kernel": """
        memfd_secret modify_ldt remap_file_pages sysfs ustat vmsplice
    """,
    "placement of memory on nodes": """
        get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node
    """,
    "processors, so that a limit by affinity holds": """
        sched_setaffinity
    """,
}


@dataclass(frozen=True, slots=True)
class Test:
    """Holds when the lower 32 bits of an argument (counted from 0), masked, equal the value."""

    argument: int
    mask: int
    value: int


Condition = tuple[Test, ...]
"""Holds when every test does."""


def _is(argument: int, *values: int) -> tuple[Condition, ...]:
    return tuple((Test(argument, _WORD, value),) for value in values)


def _is_not(argument: int, *values: int) -> tuple[Condition, ...]:
    """Everything but these values, written as prefixes: Docker's profiles know no "neither this nor that"."""
    found = []
    for bit in reversed(range(32)):
        mask = _WORD >> bit << bit
        for prefix in sorted({(value ^ 1 << bit) & mask for value in values}):
            if all(value & mask != prefix for value in values):
                found.append((Test(argument, mask, prefix),))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Profile:
    """`allowed` calls; `conditional` ones, answered with EPERM unless one of their conditions holds; `refused` ones,
    answered with ENOSYS."""

    allowed: frozenset[str]
    conditional: Mapping[str, tuple[Condition, ...]]
    refused: frozenset[str] = field(default_factory=frozenset)

    def allowing(self, call: str) -> Profile:
        """The same with one more call allowed without conditions; for tests of what each entry is worth."""
        rest = {name: conditions for name, conditions in self.conditional.items() if name != call}
        return Profile(self.allowed | {call}, MappingProxyType(rest), self.refused - {call})


def orion_profile() -> Profile:
    """The profile of every sandbox."""
    inet = _is(0, 1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
    routes = (Test(0, _WORD, 16), Test(2, _WORD, 0))  # AF_NETLINK only to list interfaces (NETLINK_ROUTE)
    conditional = {
        "clone": ((Test(0, _NAMESPACES, 0),),),
        "unshare": ((Test(0, _NAMESPACES | _NEW_TIME, 0),),),
        "socket": (*inet, routes),
        "socketpair": _is(0, 1),
        "personality": _is(0, 0, _WORD),  # the ordinary one, and asking which it is
        "ioctl": _is_not(1, _TIOCSTI, _TIOCLINUX),  # typing into a terminal
    }
    return Profile(_words(_ALLOWED), MappingProxyType(conditional), _words(_REFUSED))


def reasons() -> dict[str, str]:
    """Why each refused call is refused."""
    return {call: reason for reason, calls in _REFUSED.items() for call in calls.split()}


def _words(groups: Mapping[str, str]) -> frozenset[str]:
    return frozenset(word for text in groups.values() for word in text.split())
