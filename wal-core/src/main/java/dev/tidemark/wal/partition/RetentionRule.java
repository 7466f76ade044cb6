package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.Retention;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.segment.Segment;
import java.io.IOException;

/**
 * Says how many of the oldest segments may go by a {@link Retention}.
 *
 * <p><b>Threads.</b> One at a time: whoever holds the lock of trimming, which allows the I/O of reading a header.
 *
 * <p><b>Crash.</b> Changes nothing.
 */
final class RetentionRule {

    private final Retention retention;
    private final LastTime lastTime;

    /** Tells the time of the last record before a segment; reads its header where that is not known. */
    @FunctionalInterface
    interface LastTime {
        long millisBefore(Segment segment) throws IOException;
    }

    RetentionRule(Retention retention, LastTime lastTime) {
        this.retention = retention;
        this.lastTime = lastTime;
    }

    /**
     * The oldest segment that has to stay.
     *
     * @param activeBytes how much of the newest segment is in use
     * @param file tells the checkpoints
     */
    Segment firstToStay(SegmentList segments, long activeBytes, PartitionFile file, long nowMillis) throws IOException {
        long slowest = slowestCheckpoint(file);
        long bytesFromHere = activeBytes;
        for (int i = 0; i < segments.size() - 1; i++) {
            bytesFromHere += segments.get(i).fileBytes();
        }
        for (int i = 0; i < segments.size() - 1; i++) {
            Segment oldest = segments.get(i);
            long bytesBehind = bytesFromHere - oldest.fileBytes();
            boolean mayGo = !oldest.isRead()
                    && oldest.endOffset() <= slowest
                    && isDue(segments.get(i + 1), bytesBehind, nowMillis);
            if (!mayGo) {
                return oldest;
            }
            bytesFromHere = bytesBehind;
        }
        return segments.last();
    }

    private long slowestCheckpoint(PartitionFile file) {
        if (!retention.isKeepingCheckpoints()) {
            return Long.MAX_VALUE;
        }
        return file.checkpoints().values().stream()
                .mapToLong(Long::longValue)
                .min()
                .orElse(0);
    }

    private boolean isDue(Segment next, long bytesBehind, long nowMillis) throws IOException {
        if (retention.maxAge().isEmpty() && retention.maxBytes().isEmpty()) {
            return true;
        }
        if (retention.maxBytes().isPresent()
                && bytesBehind >= retention.maxBytes().getAsLong()) {
            return true;
        }
        return retention.maxAge().isPresent()
                && nowMillis - lastTime.millisBefore(next)
                        > retention.maxAge().get().toMillis();
    }
}
