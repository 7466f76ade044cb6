package dev.tidemark.wal.engine;

import dev.tidemark.wal.api.BackupReport;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.api.WalListener;
import dev.tidemark.wal.io.Environment;
import dev.tidemark.wal.metrics.StoreMeters;
import dev.tidemark.wal.partition.Events;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs each event at once, in the thread in which it happened, and tells the listener on a thread of its own.
 *
 * <p>Of progress at most one event waits: a newer one takes its place. All others wait however slow the listener is; life
 * events are rare. Only when very many wait, because the listener hangs, those behind are dropped, and the log says so.
 * Nothing that a listener or the logging back end throws reaches whoever tells the event.
 *
 * <p><b>Threads.</b> Any. Owns {@code wal-events}, started by the first event that a listener is to hear.
 */
final class EventStream implements Events {
    private static final Logger LOG = LoggerFactory.getLogger("dev.tidemark.wal");
    static final int MAX_WAITING = 65_536;

    private record Progress(int done, int all) {}

    private final boolean isReadOnly;
    private final WalListener listener;
    private final StoreMeters meters;
    private final ThreadPoolExecutor thread;
    private final AtomicReference<@Nullable Progress> progress = new AtomicReference<>();
    /** The event thread, while it tells the listener something. */
    private volatile @Nullable Thread telling;
    /** The event thread's own. */
    private int lastTold;

    /**
     * @param isReadOnly whether nothing is changed: what cannot be decided is then left as it is, and a partition that is refused
     *     does not stop
     */
    EventStream(Environment environment, WalListener listener, StoreMeters meters, boolean isReadOnly) {
        this.isReadOnly = isReadOnly;
        this.listener = listener;
        this.meters = meters;
        thread = new ThreadPoolExecutor(
                1,
                1,
                FlusherPool.IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(MAX_WAITING),
                task -> environment.threads().newThread("wal-events", task),
                (task, pool) -> dropped(pool));
        thread.allowCoreThreadTimeOut(true);
    }

    private void dropped(ThreadPoolExecutor pool) {
        meters.eventDropped();
        if (!pool.isShutdown()) {
            log(to -> to.error(
                    "the listener hangs, an event was dropped: waiting={}",
                    pool.getQueue().size()));
        }
    }

    @Override
    public void recovering(int done, int all) {
        if (listener == WalListener.NONE) {
            return;
        }
        // Several threads recover, and the one that has counted further may come first: the smaller number is no news
        // then.
        if (progress.getAndUpdate(seen -> further(seen, done, all)) == null) {
            tell(heard -> {
                Progress latest = progress.getAndSet(null);
                if (latest != null && latest.done() > lastTold) {
                    lastTold = latest.done();
                    heard.recovering(latest.done(), latest.all());
                }
            });
        } else {
            meters.eventDropped();
        }
    }

    private static Progress further(@Nullable Progress seen, int done, int all) {
        return seen != null && seen.done() > done ? seen : new Progress(done, all);
    }

    @Override
    public void recovered(PartitionRecovery found) {
        meters.recovered(found);
        logRecovered(found);
        tell(heard -> heard.recovered(found));
        found.quarantined().ifPresent(given -> {
            log(to -> to.error(
                    "damage was quarantined: partition={} lost={} keptIn={} ({})",
                    found.partition(),
                    given.lost(),
                    given.keptIn(),
                    given.why()));
            tell(heard -> heard.quarantined(found.partition(), given));
        });
    }

    private void logRecovered(PartitionRecovery found) {
        if (found.failure().isPresent() && isReadOnly) {
            // Whoever reads it gets the error itself.
            log(to -> to.warn(
                    "partition cannot be read: partition={} cases={} start={} end={} ({})",
                    found.partition(),
                    found.cases(),
                    found.start(),
                    found.end(),
                    found.failure().get().getMessage()));
        } else if (found.failure().isPresent()) {
            log(to -> to.error(
                    "partition refused: partition={} cases={} start={} end={}",
                    found.partition(),
                    found.cases(),
                    found.start(),
                    found.end(),
                    found.failure().get()));
        } else if (found.undecided().isPresent() && isReadOnly) {
            PartitionRecovery.Undecided left = found.undecided().get();
            log(to -> to.info(
                    "partition opened, its undecided tail is left as it is: partition={} cases={} start={} end={} file={} at={} bytes={} firstOffset={} endOffset={}",
                    found.partition(),
                    found.cases(),
                    found.start(),
                    found.end(),
                    left.file(),
                    left.filePosition(),
                    left.bytes(),
                    left.firstOffset(),
                    left.endOffset()));
        } else if (found.undecided().isPresent()) {
            PartitionRecovery.Undecided cut = found.undecided().get();
            log(to -> to.warn(
                    "partition recovered, its undecided tail was cut: partition={} cases={} start={} end={} file={} at={} bytes={} firstOffset={} endOffset={} keptIn={}",
                    found.partition(),
                    found.cases(),
                    found.start(),
                    found.end(),
                    cut.file(),
                    cut.filePosition(),
                    cut.bytes(),
                    cut.firstOffset(),
                    cut.endOffset(),
                    cut.keptIn()));
        } else if (found.cases().contains(RecoveryCase.CLEAN)) {
            log(to -> to.debug(
                    "partition opened: partition={} start={} end={}", found.partition(), found.start(), found.end()));
        } else {
            log(to -> to.info(
                    "partition recovered: partition={} cases={} start={} end={} scannedBytes={} millis={}",
                    found.partition(),
                    found.cases(),
                    found.start(),
                    found.end(),
                    found.scannedBytes(),
                    TimeUnit.NANOSECONDS.toMillis(found.nanos())));
        }
    }

    @Override
    public void created(PartitionId partition) {
        log(to -> to.info("partition created: partition={}", partition));
    }

    @Override
    public void sealed(PartitionId partition, String file, long baseOffset, long endOffset) {
        log(to -> to.info(
                "segment sealed: partition={} file={} baseOffset={} endOffset={}",
                partition,
                file,
                baseOffset,
                endOffset));
        tell(heard -> heard.sealed(partition, file, baseOffset, endOffset));
    }

    @Override
    public void deleted(PartitionId partition, int segmentsStillRead) {
        meters.deleted();
        log(to -> to.info("partition deleted: partition={} segmentsStillRead={}", partition, segmentsStillRead));
        tell(heard -> heard.deleted(partition));
    }

    @Override
    public void trimmed(PartitionId partition, long startOffset, int segments, long bytes) {
        log(to -> to.info(
                "log trimmed: partition={} startOffset={} segments={} bytes={}",
                partition,
                startOffset,
                segments,
                bytes));
        tell(heard -> heard.trimmed(partition, startOffset, segments, bytes));
    }

    /** A backup is finished. */
    void backedUp(BackupReport report) {
        log(to -> to.info(
                "store backed up: directory={} partitions={} bytes={} millis={}",
                report.directory(),
                report.partitions().size(),
                report.bytes(),
                TimeUnit.NANOSECONDS.toMillis(report.nanos())));
        tell(heard -> heard.backedUp(report));
    }

    @Override
    public void truncated(PartitionId partition, long endOffset, int segments, long bytes) {
        log(to -> to.info(
                "log truncated: partition={} endOffset={} segments={} bytes={}",
                partition,
                endOffset,
                segments,
                bytes));
        tell(heard -> heard.truncated(partition, endOffset, segments));
    }

    @Override
    public void slowForce(PartitionId partition, String file, long soFarNanos, boolean isStillRunning) {
        log(to -> to.warn(
                "{}: partition={} file={} millis={}",
                isStillRunning ? "a force hangs" : "a force was slow",
                partition,
                file,
                TimeUnit.NANOSECONDS.toMillis(soFarNanos)));
        Duration soFar = Duration.ofNanos(soFarNanos);
        tell(heard -> heard.slowForce(partition, file, soFar, isStillRunning));
    }

    @Override
    public void failed(PartitionId partition, WalException cause) {
        log(to -> to.error("partition failed: partition={}", partition, cause));
        tell(heard -> heard.failed(partition, cause));
    }

    @Override
    public void diskFull(boolean isFull) {
        if (isFull) {
            meters.diskFull();
            log(to -> to.warn("the disk is full, appends that need new blocks are refused until there is room"));
        } else {
            log(to -> to.info("there is room on the disk again, appends are accepted"));
        }
        tell(heard -> heard.diskFull(isFull));
    }

    @Override
    public void closed(PartitionId partition) {
        log(to -> to.debug("partition closed: partition={}", partition));
    }

    @Override
    public void warning(String message) {
        log(to -> to.warn(message));
        tell(heard -> heard.warning(message));
    }

    /** For what is only logged: the store was opened or closed. */
    void note(String message) {
        log(to -> to.info(message));
    }

    /** Events that wait for the listener. */
    int waiting() {
        return thread.getQueue().size();
    }

    /** Whether this thread is in the middle of telling the listener something. */
    boolean isWithin() {
        return telling == Thread.currentThread();
    }

    /**
     * Takes nothing new, and waits until the listener has heard everything, unless it is the listener who closes.
     *
     * @return whether it has
     */
    boolean close(long maxNanos) throws InterruptedException {
        thread.shutdown();
        if (isWithin()) {
            return false;
        }
        return thread.awaitTermination(maxNanos, TimeUnit.NANOSECONDS);
    }

    /** A logging back end may throw as well as a listener may, and here it would meet a thread that writes or forces. */
    private void log(Consumer<Logger> line) {
        try {
            line.accept(LOG);
        } catch (Throwable e) {
            meters.eventDropped();
        }
    }

    private void tell(Consumer<WalListener> event) {
        if (listener == WalListener.NONE) {
            return;
        }
        try {
            thread.execute(() -> hear(event));
        } catch (Throwable e) {
            // No thread could be started, say. The log does not depend on anybody hearing of it.
            meters.eventDropped();
            log(to -> to.error("an event could not be handed to the listener", e));
        }
    }

    private void hear(Consumer<WalListener> event) {
        telling = Thread.currentThread();
        try {
            event.accept(listener);
        } catch (Throwable e) {
            meters.listenerFailed();
            log(to -> to.warn("the listener threw", e));
        } finally {
            telling = null;
        }
    }
}
