# SPDX-License-Identifier: GPL-3.0-or-later
"""Pipes that never block and processes that end with all they started: what differs between systems.

The Windows half cannot be run where this is developed; it is checked by type only.
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _PIPE_NOWAIT = 0x00000001
    _FILE_APPEND_DATA, _SYNCHRONIZE = 0x0004, 0x00100000
    _SHARE_ALL, _OPEN_ALWAYS, _ATTRIBUTE_NORMAL = 0x7, 4, 0x80
    _PROCESS_SET_QUOTA, _PROCESS_TERMINATE = 0x0100, 0x0001
    _EXTENDED_LIMIT_INFORMATION, _KILL_ON_JOB_CLOSE = 9, 0x2000
    # A pipe takes a piece whole or not at all, so pieces are smaller than the smallest pipe.
    _PIECE_BYTES = 512

    class _JobLimits(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = (
            ("process_time", ctypes.c_int64), ("job_time", ctypes.c_int64), ("flags", wintypes.DWORD),
            ("smallest_set", ctypes.c_size_t), ("largest_set", ctypes.c_size_t), ("processes", wintypes.DWORD),
            ("affinity", ctypes.c_size_t), ("priority", wintypes.DWORD), ("scheduling", wintypes.DWORD),
            ("counters", ctypes.c_uint64 * 6), ("memory", ctypes.c_size_t * 4),
        )

    def _windows() -> Any:
        library = ctypes.WinDLL("kernel32", use_last_error=True)
        handle, word, pointer, text = wintypes.HANDLE, wintypes.DWORD, ctypes.c_void_p, wintypes.LPCWSTR
        for name, result, arguments in (
            ("PeekNamedPipe", wintypes.BOOL, (handle, pointer, word, pointer, pointer, pointer)),
            ("SetNamedPipeHandleState", wintypes.BOOL, (handle, pointer, pointer, pointer)),
            ("CreateFileW", handle, (text, word, word, pointer, word, word, handle)),
            ("CreateJobObjectW", handle, (pointer, text)),
            ("SetInformationJobObject", wintypes.BOOL, (handle, ctypes.c_int, pointer, word)),
            ("AssignProcessToJobObject", wintypes.BOOL, (handle, handle)),
            ("TerminateJobObject", wintypes.BOOL, (handle, wintypes.UINT)),
            ("OpenProcess", handle, (word, wintypes.BOOL, word)),
            ("CloseHandle", wintypes.BOOL, (handle,)),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        return library

    _kernel = _windows()

    # No console window, and Ctrl-C in ours does not reach the child.
    CREATION_FLAGS = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    HAS_SESSIONS = False

    def never_block(reading: int, writing: int) -> None:
        """Prepare our ends of a child's pipes; `receive` and `send` then return at once."""
        mode = wintypes.DWORD(_PIPE_NOWAIT)
        if not _kernel.SetNamedPipeHandleState(msvcrt.get_osfhandle(writing), ctypes.byref(mode), None, None):
            raise ctypes.WinError(ctypes.get_last_error())

    def receive(descriptor: int, size: int) -> bytes | None:
        """What has arrived, at most `size` bytes; None when nothing has, empty when the other end is closed."""
        available = wintypes.DWORD()
        handle = msvcrt.get_osfhandle(descriptor)
        if not _kernel.PeekNamedPipe(handle, None, 0, None, ctypes.byref(available), None):
            return b""
        return os.read(descriptor, min(size, available.value)) if available.value else None

    def send(descriptor: int, data: bytes) -> int:
        """Write as much as the pipe takes now; how many bytes that was. OSError when nobody reads any more."""
        sent = 0
        while sent < len(data):
            try:
                sent += os.write(descriptor, data[sent : sent + _PIECE_BYTES])
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EAGAIN):
                    break
                raise
        return sent

    def open_to_append(path: Path) -> IO[bytes]:
        """A file whose every write goes to its end, also after somebody has shortened it."""
        access = _FILE_APPEND_DATA | _SYNCHRONIZE
        handle = _kernel.CreateFileW(str(path), access, _SHARE_ALL, None, _OPEN_ALWAYS, _ATTRIBUTE_NORMAL, None)
        if handle in (None, wintypes.HANDLE(-1).value):
            raise ctypes.WinError(ctypes.get_last_error())
        return open(msvcrt.open_osfhandle(handle, os.O_APPEND), "ab", buffering=0)

    class Group:
        """A process and all it starts. When this process dies, however it does, the system ends them too."""

        def __init__(self, process: int) -> None:
            self._job: int | None = _kernel.CreateJobObjectW(None, None)
            limits = _JobLimits(flags=_KILL_ON_JOB_CLOSE)
            _kernel.SetInformationJobObject(
                self._job, _EXTENDED_LIMIT_INFORMATION, ctypes.byref(limits), ctypes.sizeof(limits)
            )
            handle = _kernel.OpenProcess(_PROCESS_SET_QUOTA | _PROCESS_TERMINATE, False, process)
            _kernel.AssignProcessToJobObject(self._job, handle)
            _kernel.CloseHandle(handle)

        def kill(self) -> None:
            """End them now; nothing happens when they have gone."""
            if self._job:
                _kernel.TerminateJobObject(self._job, 1)

        def close(self) -> None:
            """Give the handle back."""
            if self._job:
                _kernel.CloseHandle(self._job)
                self._job = None
else:
    # A session of its own: Ctrl-C in our terminal does not reach the child.
    CREATION_FLAGS = 0
    HAS_SESSIONS = True

    def never_block(reading: int, writing: int) -> None:
        """Prepare our ends of a child's pipes; `receive` and `send` then return at once."""
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)

    def receive(descriptor: int, size: int) -> bytes | None:
        """What has arrived, at most `size` bytes; None when nothing has, empty when the other end is closed."""
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            return None

    def send(descriptor: int, data: bytes) -> int:
        """Write as much as the pipe takes now; how many bytes that was. OSError when nobody reads any more."""
        with _without_broken_pipe_signal():
            try:
                return os.write(descriptor, data)
            except BlockingIOError:
                return 0

    @contextmanager
    def _without_broken_pipe_signal() -> Generator[None]:
        # Blender before 5.0 leaves SIGPIPE at its default, which would end Blender when its child has gone.
        is_deadly = signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL
        if not is_deadly or threading.current_thread() is not threading.main_thread():
            yield
            return
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        try:
            yield
        finally:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)

    def open_to_append(path: Path) -> IO[bytes]:
        """A file whose every write goes to its end, also after somebody has shortened it."""
        return path.open("ab", buffering=0)

    class Group:
        """A process that leads a session, and all it starts in it."""

        def __init__(self, process: int) -> None:
            self._process = process

        def kill(self) -> None:
            """End them now; nothing happens when they have gone."""
            with suppress(OSError):
                os.killpg(self._process, signal.SIGKILL)

        def close(self) -> None:
            """Nothing is held here."""
