package dev.tidemark.fault;

import dev.tidemark.wal.io.CallMatch;
import dev.tidemark.wal.io.Fault;
import dev.tidemark.wal.io.InjectedFault;
import dev.tidemark.wal.io.Operation;
import dev.tidemark.wal.io.SimulatedDisk;
import dev.tidemark.wal.io.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Lets the disk go wrong as a plan says, and takes copies of it as it was then.
 *
 * <p><b>Threads.</b> One.
 */
final class Striker {
    private static final Path STRUCK_PARTITION = FaultWorkload.DATA.resolve(FaultWorkload.FIRST.toString());
    private static final int PAGE_BYTES = 4096;

    private final SimulatedDisk disk;
    private final FaultPlan plan;
    private final @Nullable InjectedFault fault;
    private final long laterAfter;
    private long watched;
    private boolean hasStruck;
    private boolean isAtWork;
    private long operationsSince;
    private @Nullable Moment struck;
    private @Nullable Moment later;

    /**
     * The disk at a moment.
     *
     * @param boundary how many operations had returned
     */
    record Moment(SimulatedDisk disk, long boundary) {}

    Striker(SimulatedDisk disk, FaultPlan plan) {
        this.disk = disk;
        this.plan = plan;
        CallMatch match = CallMatch.on(plan.kind()).number(plan.number());
        if (plan.scope() != Scope.ONCE) {
            match = match.andAllLater();
        }
        if (plan.scope() == Scope.IN_ONE_PARTITION) {
            match = match.where(Striker::isOfTheStruckPartition);
        }
        fault = plan.way().isInjected() ? disk.inject(fault(match)) : null;
        // For one in three: it costs as much as the rest.
        laterAfter = plan.number() % 3 == 0 ? 3 + plan.number() % 11 : Long.MAX_VALUE;
        disk.addListener(this::watch);
    }

    private Fault fault(CallMatch match) {
        Fault wanted = plan.way().fault(match);
        // Names are kept in a journal: where that cannot be written the file system stops, and what it shows afterwards
        // is true.
        boolean isOfNames = plan.kind() == Operation.Kind.FORCE_DIRECTORY && plan.way() != Way.EIO_BUT_DONE;
        return isOfNames ? wanted.withoutTrying() : wanted;
    }

    private static boolean isOfTheStruckPartition(Path path) {
        return path.startsWith(STRUCK_PARTITION);
    }

    private void watch(Operation operation) {
        if (isAtWork) {
            return;
        }
        isAtWork = true;
        try {
            boolean isHit = operation.kind() == plan.kind() && isHit(operation);
            if (isHit && !hasStruck) {
                hasStruck = true;
                struck = now();
            }
            if (hasStruck && operationsSince++ == laterAfter) {
                later = now();
            }
        } finally {
            isAtWork = false;
        }
    }

    private boolean isHit(Operation operation) {
        if (fault == null) {
            return ++watched == plan.number() && strike(operation);
        }
        boolean isNew = fault.hits() > watched;
        watched = fault.hits();
        if (isNew && plan.way() == Way.EIO_PAGES_DROPPED) {
            disk.dropCleanPages(operation.path());
        }
        return isNew;
    }

    private boolean strike(Operation operation) {
        if (plan.way() == Way.WRITE_BACK_FAILS) {
            disk.failWriteBack(operation.path());
        } else {
            // Now and then a page or two are left: then the next write gets half of what it wants.
            disk.withCapacity(usedBytes() + plan.number() % 3 * PAGE_BYTES);
        }
        return true;
    }

    private long usedBytes() {
        try {
            Volume volume = disk.volume(FaultWorkload.DATA);
            return volume.totalBytes() - volume.usableBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Moment now() {
        return new Moment(disk.copy(), disk.operationCount());
    }

    boolean hasStruck() {
        return hasStruck;
    }

    /** The disk when it struck first, and a little later, as far as it came to that. */
    Iterable<Moment> moments() {
        return Stream.of(struck, later).filter(Objects::nonNull).toList();
    }

    /** The disk is repaired, or there is room again. */
    void end() {
        // What has not struck by now does not any more.
        isAtWork = true;
        disk.removeFaults();
        disk.withCapacity(Long.MAX_VALUE);
    }
}
