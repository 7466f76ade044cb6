package dev.tidemark.cli;

import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.OwnerFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Who says to have a store open for writing. For people only: a process that was killed leaves its name behind.
 *
 * @param pid its process id
 * @param host its machine
 * @param isRunning whether a process with that id runs here
 */
record Owner(long pid, String host, boolean isRunning) {

    /** The owner as the store's directory names it, if it names one. */
    static Optional<Owner> of(Path store) throws IOException {
        try (InputStream in = Files.newInputStream(store.resolve(Names.OWNER))) {
            return OwnerFile.decode(in.readNBytes(OwnerFile.MAX_BYTES + 1))
                    .map(owner -> new Owner(owner.pid(), owner.host(), isRunning(owner.pid())));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    private static boolean isRunning(long pid) {
        return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
    }

    String described() {
        return isRunning
                ? "writing by pid=" + pid + " host=" + host
                : "nobody is writing; pid=" + pid + " host=" + host + " did, and did not close it";
    }
}
