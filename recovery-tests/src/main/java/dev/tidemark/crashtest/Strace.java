package dev.tidemark.crashtest;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The program strace, which writes down the system calls of another one. */
final class Strace {
    private static final int PROBE_SECONDS = 30;

    /** Longer ones are cut off in the trace, so that a log that makes them cannot be judged. */
    static final int MAX_WRITE_BYTES = 8 << 20;

    /**
     * Whatever changes a file, its names or its descriptors, and what might do so unseen. A question mark stands before those that not every processor has.
     */
    private static final String CALLS = String.join(
            ",",
            "?open,?creat,openat,?openat2,close,dup,?dup2,dup3,fcntl",
            "read,readv,lseek,write,writev,pwrite64,pwritev,?pwritev2",
            "ftruncate,truncate,fallocate,fsync,fdatasync,sync,syncfs",
            "?rename,?renameat,renameat2,?unlink,unlinkat,?rmdir,?link,linkat,?symlink,symlinkat,?mkdir,mkdirat",
            "mmap,copy_file_range,sendfile,splice,?io_uring_setup,io_submit",
            "clone,?clone3,?fork,?vfork");

    /** Of what is read only how much it was is of interest, so its bytes are not written down. */
    private static final String UNDECODED = "read,readv";

    private Strace() {}

    /** What goes before the command of the program whose calls are to be written to a file. */
    static List<String> command(Path trace) {
        return List.of(
                "strace",
                "-f",
                "--seccomp-bpf",
                "-qq",
                "-xx",
                "-s",
                Integer.toString(MAX_WRITE_BYTES),
                "-e",
                "trace=" + CALLS,
                "-e",
                "raw=" + UNDECODED,
                "-e",
                "signal=none",
                "-o",
                trace.toString());
    }

    /** Why it cannot be used here, and what to do about it; empty if it can. */
    static Optional<String> whyNot() throws IOException {
        boolean isInstalled = Stream.of(String.valueOf(System.getenv("PATH")).split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "strace")));
        if (!isInstalled) {
            return Optional.of("strace, which records what a log asks of the kernel, is not installed: install it");
        }
        List<String> probe = new ArrayList<>(command(Path.of("/dev/null")));
        probe.add("true");
        Process process = new ProcessBuilder(probe)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            boolean hasEnded = process.waitFor(PROBE_SECONDS, TimeUnit.SECONDS);
            return hasEnded && process.exitValue() == 0
                    ? Optional.empty()
                    : Optional.of(
                            "strace does not work here: it must be 5.3 or newer, and be allowed to trace processes");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoppedException();
        } finally {
            process.destroyForcibly();
        }
    }
}
