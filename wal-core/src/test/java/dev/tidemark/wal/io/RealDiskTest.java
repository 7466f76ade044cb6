package dev.tidemark.wal.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RealDiskTest extends DiskContract {
    @TempDir
    private Path directory;

    private final Disk disk = Environment.real().disk();

    @Override
    Disk newDisk() {
        return disk;
    }

    @Override
    Path emptyDirectory() {
        return directory;
    }

    @Test
    void filesAndDirectories_areForTheOwnerOnly() throws IOException {
        disk.create(directory.resolve("f")).close();
        disk.createDirectory(directory.resolve("d"));
        disk.lock(directory.resolve("LOCK")).close();
        assertThat(permissions("f")).isEqualTo("rw-------");
        assertThat(permissions("d")).isEqualTo("rwx------");
        assertThat(permissions("LOCK")).isEqualTo("rw-------");
    }

    private String permissions(String name) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(name)));
    }

    @Test
    void stormOfInterrupts_disturbsNeitherFilesNorDirectories() throws Exception {
        int threads = 4;
        int rounds = 1_500;
        AtomicBoolean storm = new AtomicBoolean(true);
        AtomicLong seenInterrupted = new AtomicLong();
        List<Throwable> errors = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> workers = new ArrayList<>();
        try (DiskFile file = disk.create(directory.resolve("shared"))) {
            for (int i = 0; i < threads; i++) {
                int worker = i;
                workers.add(Environment.real().threads().newThread("interrupted-" + i, () -> {
                    try {
                        seenInterrupted.addAndGet(work(file, worker, rounds));
                    } catch (Throwable e) {
                        errors.add(e);
                    }
                }));
            }
            Thread interrupter = Environment.real().threads().newThread("interrupter", () -> {
                while (storm.get()) {
                    workers.forEach(Thread::interrupt);
                    Thread.onSpinWait();
                }
            });
            interrupter.start();
            workers.forEach(Thread::start);
            for (Thread worker : workers) {
                worker.join();
            }
            storm.set(false);
            interrupter.join();
            assertThat(errors).isEmpty();
            assertThat(file.isOpen()).isTrue();
            assertThat(seenInterrupted.get()).as("rounds that ran interrupted").isPositive();
        }
    }

    /** Writes, reads and forces; the interrupt flag is never cleared, so after the first interrupt all of it runs interrupted. */
    private long work(DiskFile file, int worker, int rounds) throws IOException {
        long interrupted = 0;
        ByteBuffer buffer = ByteBuffer.allocateDirect(512);
        for (int round = 0; round < rounds; round++) {
            long at = (long) worker * rounds * 512 + round * 512L;
            buffer.clear().putInt(0, worker).putInt(4, round);
            file.writeFully(buffer, at);
            if (round % 10 == 0) {
                file.force(false);
            }
            if (round % 50 == 0) {
                disk.forceDirectory(directory);
            }
            buffer.clear();
            assertThat(file.readFully(buffer, at)).isEqualTo(512);
            assertThat(buffer.getInt(0)).isEqualTo(worker);
            assertThat(buffer.getInt(4)).isEqualTo(round);
            if (Thread.currentThread().isInterrupted()) {
                interrupted++;
            }
        }
        return interrupted;
    }

    @Test
    void lockHeldByAnotherProcess_isReportedAsSuch() throws Exception {
        Path file = directory.resolve("LOCK");
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockHolder.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            BufferedReader says =
                    new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8));
            assertThat(says.readLine()).isEqualTo("held");
            assertThatThrownBy(() -> disk.lock(file))
                    .isInstanceOfSatisfying(
                            LockHeldException.class,
                            e -> assertThat(e.heldByThisProcess()).isFalse());
        } finally {
            holder.destroyForcibly();
            assertThat(holder.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        disk.lock(file).close();
    }

    /** A process that takes a lock and waits for its end. */
    static final class LockHolder {
        private LockHolder() {}

        public static void main(String[] arguments) throws IOException {
            try (DiskLock lock = Environment.real().disk().lock(Path.of(arguments[0]))) {
                System.out.println(lock.isHeld() ? "held" : "not held");
                if (System.in.read() < 0) {
                    return;
                }
            }
        }
    }

    @Test
    void lockByAnotherNameOfTheFile_isRefusedWithoutLosingTheFirst() throws Exception {
        Path file = directory.resolve("LOCK");
        Path alias = directory.resolve("ALIAS");
        try (DiskLock lock = disk.lock(file)) {
            Files.createLink(alias, file);
            assertThatThrownBy(() -> disk.lock(alias)).isInstanceOf(LockHeldException.class);
            assertThat(lock.isHeld()).isTrue();
            assertThat(tryInAnotherProcess(file)).as("still locked for others").isEqualTo("refused");
        }
    }

    private static String tryInAnotherProcess(Path file) throws Exception {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockTrier.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said =
                new BufferedReader(new InputStreamReader(other.getInputStream(), StandardCharsets.UTF_8)).readLine();
        assertThat(other.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return said;
    }

    /** A process that tries to take a lock and says what came of it. */
    static final class LockTrier {
        private LockTrier() {}

        public static void main(String[] arguments) throws IOException {
            try (DiskLock lock = Environment.real().disk().lock(Path.of(arguments[0]))) {
                System.out.println(lock.isHeld() ? "held" : "not held");
            } catch (LockHeldException e) {
                System.out.println("refused");
            }
        }
    }

    @Test
    void rootDirectory_isNoNameForALock() {
        assertThatThrownBy(() -> disk.lock(directory.getRoot())).isInstanceOf(IOException.class);
    }

    @Test
    void directory_isNoLockFile() throws IOException {
        disk.createDirectory(directory.resolve("LOCK"));
        assertThatThrownBy(() -> disk.lock(directory.resolve("LOCK"))).isInstanceOf(IOException.class);
        disk.delete(directory.resolve("LOCK"));
        try (DiskLock lock = disk.lock(directory.resolve("LOCK"))) {
            assertThat(lock.path()).isEqualTo(directory.resolve("LOCK"));
        }
    }

    @Test
    void linkToADirectoryThatIsLocked_isTheSameLock() throws IOException {
        Path real = Files.createDirectory(directory.resolve("real"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), real);
        try (DiskLock lock = disk.lock(real.resolve("LOCK"))) {
            assertThatThrownBy(() -> disk.lock(link.resolve("LOCK"))).isInstanceOf(LockHeldException.class);
            assertThat(lock.isHeld()).isTrue();
        }
    }

    @Test
    void linkToNowhere_isListed() throws IOException {
        Files.createSymbolicLink(directory.resolve("nowhere"), directory.resolve("absent"));
        assertThat(disk.list(directory)).extracting(DiskEntry::name).containsExactly("nowhere");
        assertThat(disk.exists(directory.resolve("nowhere"))).isFalse();
    }

    @Test
    void closeBesideWorkingThreads_endsThemWithAnErrorAndNothingElse() throws Exception {
        DiskFile file = disk.create(directory.resolve("f"));
        List<Throwable> errors = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> workers = new ArrayList<>();
        AtomicLong writes = new AtomicLong();
        for (int i = 0; i < 3; i++) {
            Thread worker = Environment.real().threads().newThread("writer-" + i, () -> {
                ByteBuffer buffer = ByteBuffer.allocateDirect(64);
                try {
                    while (true) {
                        file.writeFully(buffer.clear(), 0);
                        file.force(false);
                        writes.incrementAndGet();
                    }
                } catch (Throwable e) {
                    errors.add(e);
                }
            });
            workers.add(worker);
            worker.start();
        }
        org.awaitility.Awaitility.await().until(() -> writes.get() > 20);
        file.close();
        for (Thread worker : workers) {
            worker.join();
        }
        assertThat(errors)
                .hasSize(3)
                .allSatisfy(e -> assertThat(e)
                        .isInstanceOfAny(
                                java.nio.channels.ClosedChannelException.class,
                                java.nio.channels.AsynchronousCloseException.class));
    }
}
