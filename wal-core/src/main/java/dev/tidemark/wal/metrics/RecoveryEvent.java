package dev.tidemark.wal.metrics;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** For the flight recorder: a partition was recovered, or refused. */
@Name("dev.tidemark.Recovery")
@Label("Recovery")
@Category("Tidemark")
@Description("A partition was recovered or refused when the store was opened")
@StackTrace(false)
public final class RecoveryEvent extends Event {
    private static final RecoveryEvent PROBE = new RecoveryEvent();

    @Label("Partition")
    public @Nullable String partition;

    @Label("Cases")
    public @Nullable String cases;

    @Label("End offset")
    public long endOffset;

    @Label("Scanned")
    @DataAmount
    public long scannedBytes;

    @Label("Failure")
    public @Nullable String failure;

    /** A begun event, or null when nobody records. */
    public static @Nullable RecoveryEvent beginIfRecorded() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        RecoveryEvent event = new RecoveryEvent();
        event.begin();
        return event;
    }
}
