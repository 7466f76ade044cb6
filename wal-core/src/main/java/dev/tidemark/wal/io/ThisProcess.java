package dev.tidemark.wal.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Who this process is, for people who find a store locked. Never asks the network. */
public final class ThisProcess {

    private static final Path LINUX_HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private ThisProcess() {}

    public static long pid() {
        return ProcessHandle.current().pid();
    }

    /** The machine's name, or {@code unknown}. */
    public static String host() {
        return fromKernel()
                .or(() -> Optional.ofNullable(System.getenv("HOSTNAME")))
                .or(() -> Optional.ofNullable(System.getenv("COMPUTERNAME")))
                .filter(name -> !name.isBlank())
                .orElse("unknown");
    }

    private static Optional<String> fromKernel() {
        try {
            return Optional.of(Files.readString(LINUX_HOST_NAME, StandardCharsets.ISO_8859_1)
                    .strip());
        } catch (IOException e) {
            // Not Linux, or not for us to read: the environment may know.
            return Optional.empty();
        }
    }
}
