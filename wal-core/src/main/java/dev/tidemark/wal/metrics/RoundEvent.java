package dev.tidemark.wal.metrics;

import dev.tidemark.wal.api.PartitionId;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** For the flight recorder: one round was written. Its force is an event of its own. */
@Name("dev.tidemark.Round")
@Label("Round")
@Category("Tidemark")
@Description("Appends that gathered were written into a segment")
@StackTrace(false)
public final class RoundEvent extends Event {
    private static final RoundEvent PROBE = new RoundEvent();

    @Label("Partition")
    public @Nullable String partition;

    @Label("Reason")
    public @Nullable String reason;

    @Label("First offset")
    public long firstOffset;

    @Label("Appends")
    public int appends;

    @Label("Bytes")
    @DataAmount
    public long bytes;

    /** A begun event, or null when nobody records. */
    public static @Nullable RoundEvent beginIfRecorded() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        RoundEvent event = new RoundEvent();
        event.begin();
        return event;
    }

    /** Ends the event and records it. */
    public void done(PartitionId ofPartition, FlushReason why, long first, int appendCount, long byteCount) {
        partition = ofPartition.toString();
        reason = why.label();
        firstOffset = first;
        appends = appendCount;
        bytes = byteCount;
        commit();
    }
}
