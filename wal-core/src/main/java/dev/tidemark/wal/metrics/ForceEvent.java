package dev.tidemark.wal.metrics;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** For the flight recorder: one force of a segment. */
@Name("dev.tidemark.Force")
@Label("Force")
@Category("Tidemark")
@Description("A segment's bytes were made durable")
@StackTrace(false)
public final class ForceEvent extends Event {
    /** Asked whether anybody records, so that no event is made when nobody does. */
    private static final ForceEvent PROBE = new ForceEvent();

    @Label("Partition")
    public @Nullable String partition;

    @Label("File")
    public @Nullable String file;

    @Label("Bytes")
    @DataAmount
    public long bytes;

    @Label("Succeeded")
    public boolean succeeded;

    /** A begun event, or null when nobody records. */
    public static @Nullable ForceEvent beginIfRecorded() {
        if (!PROBE.isEnabled()) {
            return null;
        }
        ForceEvent event = new ForceEvent();
        event.begin();
        return event;
    }
}
