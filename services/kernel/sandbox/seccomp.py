"""System calls that no parser needs, refused by the kernel with EPERM. libseccomp, where it is installed, knows their
numbers on every processor.
"""

from __future__ import annotations

import ctypes
import errno

_ALLOW = 0x7FFF0000
_ERRNO = 0x00050000

_REFUSED = (
    # network, and every other way to reach a server on this machine
    "socket",
    "socketpair",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "io_uring_setup",
    # leaving the process group by which the parent ends all descendants
    "setsid",
    "setpgid",
    # memory that the limits do not count
    "memfd_create",
    "memfd_secret",
    "shmget",
    # other processes, keys, and the kernel itself
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "pidfd_getfd",
    "pidfd_send_signal",
    "add_key",
    "request_key",
    "keyctl",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_by_handle_at",
    "init_module",
    "finit_module",
    "kexec_load",
    "kexec_file_load",
)


def restrict() -> bool:
    """Load the filter for this process and its descendants, which needs no_new_privs. False without libseccomp."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return False
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(_ALLOW)))
    if not context:
        return False
    for name in _REFUSED:
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add(context, ctypes.c_uint32(_ERRNO | errno.EPERM), number, 0)
    loaded = bool(library.seccomp_load(context) == 0)
    library.seccomp_release(context)
    return loaded
