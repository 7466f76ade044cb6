package dev.tidemark.wal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.turbo.TurboFilter;
import ch.qos.logback.core.read.ListAppender;
import ch.qos.logback.core.spi.FilterReply;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.MetricNames;
import dev.tidemark.wal.metrics.StoreMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;
import org.slf4j.Marker;

class EventStreamTest {
    private static final long SOON = TimeUnit.SECONDS.toNanos(30);
    private static final PartitionId ORDERS = new PartitionId("orders", 0);

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @Test
    void events_areHeardInOrderOnTheirOwnThread() throws Exception {
        AtomicReference<String> thread = new AtomicReference<>();
        RecordingListener listener = new RecordingListener() {
            @Override
            public void diskFull(boolean isFull) {
                thread.set(Thread.currentThread().getName());
                super.diskFull(isFull);
            }
        };
        EventStream events = stream(listener);
        events.sealed(ORDERS, "a.seg", 0, 10);
        events.diskFull(true);
        events.slowForce(ORDERS, "a.seg", 1_000, true);
        events.failed(ORDERS, new StorageException(ErrorCode.STORAGE_FAILED, "planted"));
        events.diskFull(false);
        events.warning("look here");
        assertThat(events.close(SOON)).isTrue();
        assertThat(listener.heard)
                .containsExactly(
                        "sealed orders-0 0..10",
                        "diskFull true",
                        "slowForce orders-0 true",
                        "failed orders-0 STORAGE_FAILED",
                        "diskFull false",
                        "warning look here");
        assertThat(thread.get()).isEqualTo("wal-events");
        assertThat(registry.get(MetricNames.DISK_FULL.meterName()).counter().count())
                .isEqualTo(1);
    }

    @Test
    void listenerThatThrows_isCountedAndHearsTheNextEvent() throws Exception {
        RecordingListener listener = new RecordingListener() {
            @Override
            public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {
                throw new AssertionError("planted");
            }
        };
        EventStream events = stream(listener);
        events.sealed(ORDERS, "a.seg", 0, 10);
        events.diskFull(true);
        assertThat(events.close(SOON)).isTrue();
        assertThat(listener.heard).containsExactly("diskFull true");
        assertThat(registry.get(MetricNames.LISTENER_FAILED.meterName())
                        .counter()
                        .count())
                .isEqualTo(1);
    }

    @Test
    void listenersThreadCannotBeStarted_whoTellsAnEventIsNotHurt() throws Exception {
        Environment withoutThreads = Environment.real().withThreads((name, task) -> {
            throw new InternalError("planted");
        });
        EventStream events =
                new EventStream(withoutThreads, new RecordingListener(), new StoreMeters(registry, "/data"), false);
        events.created(ORDERS);
        events.sealed(ORDERS, "a.seg", 0, 10);
        events.failed(ORDERS, new StorageException(ErrorCode.STORAGE_FAILED, "planted"));
        assertThat(registry.get(MetricNames.EVENTS_DROPPED.meterName())
                        .counter()
                        .count())
                .isEqualTo(2);
    }

    @Test
    void openedForReading_nothingIsSaidToBeCutOrStopped() throws Exception {
        PartitionRecovery.Undecided tail = new PartitionRecovery.Undecided("a-0/0.seg", 4096, 100, 7, 9, "");
        PartitionRecovery undecided = new PartitionRecovery(
                "a-0", List.of(RecoveryCase.R2), 0, 7, 100, Optional.of(tail), Optional.empty(), 1);
        PartitionRecovery refused = new PartitionRecovery(
                "a-1",
                List.of(RecoveryCase.R7),
                0,
                7,
                100,
                Optional.empty(),
                Optional.of(new StorageException(ErrorCode.STORAGE_FAILED, "planted")),
                1);

        assertThat(logged(true, undecided, refused))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("INFO").contains("left as it is", "a-0/0.seg"),
                        line -> assertThat(line).startsWith("WARN").contains("cannot be read", "planted"));
        assertThat(logged(false, undecided, refused))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("WARN").contains("was cut"),
                        line -> assertThat(line).startsWith("ERROR").contains("refused"));
    }

    private List<String> logged(boolean isReadOnly, PartitionRecovery... found) throws InterruptedException {
        EventStream events =
                new EventStream(Environment.real(), WalListener.NONE, new StoreMeters(registry, "test"), isReadOnly);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        Logger log = (Logger) LoggerFactory.getLogger("dev.tidemark.wal");
        Level before = log.getLevel();
        log.setLevel(Level.INFO);
        log.addAppender(lines);
        try {
            for (PartitionRecovery one : found) {
                events.recovered(one);
            }
        } finally {
            log.detachAppender(lines);
            log.setLevel(before);
        }
        assertThat(events.close(SOON)).isTrue();
        return lines.list.stream()
                .map(line -> line.getLevel() + " " + line.getFormattedMessage())
                .toList();
    }

    @Test
    void loggingThrows_whoTellsAnEventIsNotHurt() throws Exception {
        RecordingListener listener = new RecordingListener();
        EventStream events = stream(listener);
        TurboFilter throwing = new TurboFilter() {
            @Override
            public FilterReply decide(
                    Marker marker, Logger logger, Level level, String format, Object[] arguments, Throwable thrown) {
                throw new IllegalStateException("planted");
            }
        };
        LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
        logging.addTurboFilter(throwing);
        try {
            events.created(ORDERS);
            events.diskFull(true);
        } finally {
            logging.getTurboFilterList().remove(throwing);
        }
        assertThat(events.close(SOON)).isTrue();
        assertThat(listener.heard).containsExactly("diskFull true");
    }

    @Test
    void listenerIsSlow_onlyProgressIsDroppedAndTheLatestIsKept() throws Exception {
        CountDownLatch isHearing = new CountDownLatch(1);
        CountDownLatch mayGoOn = new CountDownLatch(1);
        RecordingListener listener = new RecordingListener() {
            @Override
            public void diskFull(boolean isFull) {
                isHearing.countDown();
                try {
                    assertThat(mayGoOn.await(60, TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        };
        EventStream events = stream(listener);
        events.diskFull(true);
        assertThat(isHearing.await(30, TimeUnit.SECONDS)).isTrue();
        for (int done = 1; done <= 1_000; done++) {
            events.recovering(done, 1_000);
            events.sealed(ORDERS, "a.seg", done, done + 1);
        }
        assertThat(events.waiting()).isEqualTo(1_001);
        mayGoOn.countDown();
        assertThat(events.close(SOON)).isTrue();
        assertThat(listener.heard)
                .hasSize(1_001)
                .contains("recovering 1000/1000")
                .contains("sealed orders-0 1..2", "sealed orders-0 1000..1001");
        assertThat(registry.get(MetricNames.EVENTS_DROPPED.meterName())
                        .counter()
                        .count())
                .isEqualTo(999);
    }

    @Test
    void listenerHangs_closeReturnsAtItsDeadline() throws Exception {
        CountDownLatch mayGoOn = new CountDownLatch(1);
        EventStream events = stream(new WalListener() {
            @Override
            public void diskFull(boolean isFull) {
                try {
                    mayGoOn.await(60, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        });
        events.diskFull(true);
        for (int i = 0; i < 5; i++) {
            events.warning("w" + i);
        }
        assertThat(events.close(1_000_000)).isFalse();
        mayGoOn.countDown();
        assertThat(events.close(SOON)).isTrue();
    }

    @Test
    void listenerCloses_itIsNotWaitedFor() throws Exception {
        AtomicReference<EventStream> events = new AtomicReference<>();
        CompletableFuture<Boolean> hasHeardAll = new CompletableFuture<>();
        events.set(stream(new WalListener() {
            @Override
            public void diskFull(boolean isFull) {
                try {
                    hasHeardAll.complete(events.get().close(TimeUnit.HOURS.toNanos(1)));
                } catch (InterruptedException e) {
                    hasHeardAll.completeExceptionally(e);
                }
            }
        }));
        events.get().diskFull(true);
        assertThat(hasHeardAll.get(60, TimeUnit.SECONDS)).isFalse();
    }

    @Test
    void nobodyListens_noThreadIsStarted() throws Exception {
        AtomicReference<String> started = new AtomicReference<>();
        Environment watched = Environment.real().withThreads((name, task) -> {
            started.set(name);
            return new Thread(task, name);
        });
        EventStream events = new EventStream(watched, WalListener.NONE, new StoreMeters(registry, "test"), false);
        events.diskFull(true);
        events.recovering(1, 2);
        assertThat(events.waiting()).isZero();
        assertThat(started).hasNullValue();
        assertThat(events.close(SOON)).isTrue();
    }

    private EventStream stream(WalListener listener) {
        return new EventStream(Environment.real(), listener, new StoreMeters(registry, "test"), false);
    }
}
