package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class BufferRoomTest {
    private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(90);

    @Test
    void noRoomUntilTheDeadline_takesNothing() throws Exception {
        BufferRoom room = new BufferRoom(100);
        assertThat(room.take(100, 0)).isTrue();
        assertThat(room.take(1, 0)).isFalse();
        assertThat(room.take(1, TimeUnit.MILLISECONDS.toNanos(5))).isFalse();
        room.give(100);
        assertThat(room.takenBytes()).isZero();
        assertThat(room.take(100, 0)).isTrue();
    }

    @Test
    void whoWaits_isWokenWhenThereIsRoom() throws Exception {
        BufferRoom room = new BufferRoom(100);
        assertThat(room.take(80, 0)).isTrue();
        CompletableFuture<Boolean> large = inThread(() -> room.take(90, LONG_NANOS));
        CompletableFuture<Boolean> small = inThread(() -> room.take(10, LONG_NANOS));
        room.give(80);
        assertThat(large.get(90, TimeUnit.SECONDS)).isTrue();
        assertThat(small.get(90, TimeUnit.SECONDS)).isTrue();
        assertThat(room.takenBytes()).isEqualTo(100);
    }

    @Test
    void manyThreads_neverHoldMoreThanThereIs_andAllGetTheirs() throws Exception {
        BufferRoom room = new BufferRoom(1_000);
        AtomicLong highest = new AtomicLong();
        List<CompletableFuture<Boolean>> all = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            int bytes = 100 + t * 120;
            all.add(inThread(() -> {
                for (int i = 0; i < 500; i++) {
                    if (!room.take(bytes, LONG_NANOS)) {
                        return false;
                    }
                    highest.accumulateAndGet(room.takenBytes(), Math::max);
                    room.give(bytes);
                }
                return true;
            }));
        }
        for (CompletableFuture<Boolean> one : all) {
            assertThat(one.get(90, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(highest.get()).isBetween(1L, 1_000L);
        assertThat(room.takenBytes()).isZero();
    }

    private interface Waiting {
        boolean run() throws InterruptedException;
    }

    private static CompletableFuture<Boolean> inThread(Waiting body) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                done.complete(body.run());
            } catch (InterruptedException e) {
                done.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return done;
    }
}
