package dev.tidemark.wal.format;

import com.google.errorprone.annotations.FormatMethod;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.regex.Pattern;

/** What must hold between the parts of a {@link PartitionFile}: for one that is made as for one that is read. */
final class PartitionFileRules {

    private static final Pattern CHECKPOINT_NAME = Pattern.compile("[A-Za-z0-9._-]{1,200}");

    private PartitionFileRules() {}

    static void check(
            long createdAtMillis,
            long startOffset,
            SegmentName startSegment,
            SegmentRef active,
            int lastEpoch,
            long provenEnd,
            List<SegmentEnd> closedByRecovery,
            Optional<CleanStamp> cleanStamp,
            List<Intent> intents,
            NavigableMap<String, Long> checkpoints,
            List<Loss> losses) {
        require(createdAtMillis >= 0, "no such time: createdAtMillis=%d", createdAtMillis);
        require(
                startOffset >= startSegment.baseOffset(),
                "start lies before its segment: startOffset=%d segment=%s",
                startOffset,
                startSegment);
        require(
                startSegment.epoch() <= active.name().epoch() && active.name().epoch() <= lastEpoch,
                "epochs do not rise: start=%d active=%d last=%d",
                startSegment.epoch(),
                active.name().epoch(),
                lastEpoch);
        require(
                provenEnd >= startOffset,
                "proven end lies before the start: provenEnd=%d startOffset=%d",
                provenEnd,
                startOffset);
        cleanStamp.ifPresent(stamp -> require(
                stamp.segmentId() == active.segmentId() && stamp.endOffset() >= startOffset,
                "clean stamp is not of the active segment: segmentId=%d active=%d",
                stamp.segmentId(),
                active.segmentId()));
        requireAtMost(PartitionFile.MAX_CLOSED, closedByRecovery, "segments closed by recovery");
        requireAtMost(PartitionFile.MAX_INTENTS, intents, "intents");
        requireAtMost(PartitionFile.MAX_CHECKPOINTS, checkpoints.keySet(), "checkpoints");
        requireAtMost(PartitionFile.MAX_LOSSES, losses, "losses");
        for (int i = 1; i < closedByRecovery.size(); i++) {
            SegmentEnd before = closedByRecovery.get(i - 1);
            SegmentEnd after = closedByRecovery.get(i);
            require(
                    before.name().epoch() < after.name().epoch(),
                    "segments closed by recovery are out of order: %s %s",
                    before.name(),
                    after.name());
        }
        for (int i = 1; i < losses.size(); i++) {
            require(
                    losses.get(i - 1).firstOffset() <= losses.get(i).firstOffset(),
                    "losses are out of order: %d %d",
                    losses.get(i - 1).firstOffset(),
                    losses.get(i).firstOffset());
        }
        checkpoints.forEach((name, offset) -> require(
                offset >= 0 && CHECKPOINT_NAME.matcher(name).matches(),
                "a checkpoint is called by 1 to 200 of [A-Za-z0-9._-] and lies at 0 or above: offset=%d",
                offset));
    }

    private static void requireAtMost(int limit, Collection<?> list, String what) {
        require(list.size() <= limit, "too many %s: found=%d limit=%d", what, list.size(), limit);
    }

    @FormatMethod
    private static void require(boolean holds, String format, Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, format, values));
        }
    }
}
