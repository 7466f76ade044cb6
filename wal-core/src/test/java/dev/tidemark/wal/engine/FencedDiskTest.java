package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.io.Gate;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class FencedDiskTest {
    private static final Path DATA = Path.of("/data");

    private final SimulatedDisk disk = new SimulatedDisk().withDirectories(DATA);

    @Test
    void fenced_everyChangeIsRefusedAndReadingGoesOn() throws IOException {
        FencedDisk fenced = FencedDisk.open(disk);
        Path path = DATA.resolve("a");
        DiskFile file = fenced.create(path);
        file.writeFully(ByteBuffer.wrap(new byte[] {1, 2, 3}), 0);
        fenced.fence();
        long before = disk.fingerprint();
        List<ThrowingCallable> changes = List.of(
                () -> file.write(ByteBuffer.allocate(1), 0),
                () -> file.force(false),
                () -> file.truncate(0),
                () -> fenced.create(DATA.resolve("b")),
                () -> fenced.createDirectory(DATA.resolve("c")),
                () -> fenced.rename(path, DATA.resolve("d")),
                () -> fenced.link(path, DATA.resolve("e")),
                () -> fenced.delete(path),
                () -> fenced.forceDirectory(DATA));
        for (ThrowingCallable change : changes) {
            assertThatThrownBy(change).isInstanceOf(IOException.class).hasMessageContaining("the store was closed");
        }
        assertThat(disk.fingerprint()).isEqualTo(before);
        ByteBuffer read = ByteBuffer.allocate(3);
        assertThat(file.readFully(read, 0)).isEqualTo(3);
        assertThat(fenced.list(DATA)).hasSize(1);
        assertThat(fenced.open(path, Disk.Access.READ).size()).isEqualTo(3);
        file.close();
    }

    @Test
    void anotherThreadHasClosedTheIdleFilesFirst_theDescriptorsAreTriedForAgain() throws IOException {
        FencedDisk fenced = FencedDisk.open(disk.withMaxOpenFiles(1));
        AtomicReference<DiskFile> idle = new AtomicReference<>();
        fenced.closeWhenOutOfFiles(() -> {
            DiskFile closedByTheOther = idle.getAndSet(null);
            if (closedByTheOther != null) {
                close(closedByTheOther);
            }
            return false;
        });
        idle.set(fenced.create(DATA.resolve("a")));

        DiskFile second = fenced.create(DATA.resolve("b"));

        assertThatThrownBy(() -> fenced.create(DATA.resolve("c"))).hasMessageContaining("Too many open files");
        second.close();
    }

    private static void close(DiskFile file) {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void changeIsUnderWay_itIsQuietOnlyAfterItHasReturned() throws Exception {
        FencedDisk fenced = FencedDisk.open(disk);
        DiskFile file = fenced.create(DATA.resolve("a"));
        Gate gate = disk.hold(Gate.Position.BEFORE_EFFECT, CallMatch.on(Operation.Kind.FORCE));
        CompletableFuture<Boolean> force = CompletableFuture.supplyAsync(() -> {
            try {
                file.force(false);
                return true;
            } catch (IOException e) {
                return false;
            }
        });
        gate.awaitArrival(Duration.ofSeconds(30));
        fenced.fence();
        AtomicBoolean isQuiet = new AtomicBoolean();
        fenced.whenQuiet(() -> isQuiet.set(true));
        assertThat(fenced.awaitQuiet(1_000_000)).isFalse();
        assertThat(fenced.changesUnderWay()).isEqualTo(1);
        assertThat(isQuiet).isFalse();
        gate.open();
        assertThat(force.get(30, TimeUnit.SECONDS)).isTrue();
        assertThat(fenced.awaitQuiet(TimeUnit.SECONDS.toNanos(30))).isTrue();
        assertThat(isQuiet).isTrue();
    }

    @Test
    void nothingUnderWay_itIsQuietAtOnce() throws Exception {
        FencedDisk fenced = FencedDisk.open(disk);
        fenced.fence();
        fenced.fence();
        assertThat(fenced.awaitQuiet(0)).isTrue();
    }
}
