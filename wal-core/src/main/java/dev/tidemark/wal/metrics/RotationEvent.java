package dev.tidemark.wal.metrics;

import dev.tidemark.wal.api.PartitionId;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** For the flight recorder: a segment was sealed, and its successor taken into use. */
@Name("dev.tidemark.Rotation")
@Label("Rotation")
@Category("Tidemark")
@Description("A segment was sealed and its successor taken into use")
@StackTrace(false)
public final class RotationEvent extends Event {
    private static final RotationEvent PROBE = new RotationEvent();

    @Label("Partition")
    public @Nullable String partition;

    @Label("Reason")
    public @Nullable String reason;

    @Label("Sealed file")
    public @Nullable String file;

    @Label("Base offset of the new segment")
    public long baseOffset;

    /** A begun event, or null when nobody records. */
    public static @Nullable RotationEvent beginIfRecorded() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        RotationEvent event = new RotationEvent();
        event.begin();
        return event;
    }

    /** Ends the event and records it. */
    public void done(PartitionId ofPartition, RotationReason why, String sealedFile, long newBaseOffset) {
        partition = ofPartition.toString();
        reason = why.label();
        file = sealedFile;
        baseOffset = newBaseOffset;
        commit();
    }
}
