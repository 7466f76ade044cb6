package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What recovery writes, once everything was looked at and decided ({@code docs/recovery.md}, "What is written, and in which order").
 *
 * <p>{@link #secure} makes durable what is going to be served, and needs hardly any room. {@link #finish} does the rest, and can be called again
 * when it found the disk full: each step may be repeated from its beginning.
 *
 * <p><b>Threads.</b> One at a time: the one that recovers, later the one that finds room.
 *
 * <p><b>Crash.</b> Between any two steps, and within each, the directory is one that recovery turns into the same state again: nothing that was
 * read as a good frame is changed, and the bytes that are cut were kept aside before.
 */
final class RecoverySteps implements UnfinishedRecovery {

    private static final int BLOCK_BYTES = 4096;
    private static final int COPY_BYTES = 256 << 10;

    private final RecoveryContext context;
    private final Disk disk;
    private final Path directory;
    private final Examined found;
    private final PartitionMetadata metadata;
    private final List<Step> steps;

    private int next;
    private @Nullable IOException stoppedBy;

    /** One thing to be done, in words that complete "recovery could not". */
    private record Step(String what, BufferedAction action) {}

    /** Something that writes. */
    @FunctionalInterface
    interface Action {
        void run() throws IOException;
    }

    /** Something that writes, with a buffer to copy with. */
    @FunctionalInterface
    private interface BufferedAction {
        void run(ByteBuffer buffer) throws IOException;
    }

    RecoverySteps(RecoveryContext context, Path directory, Examined found, PartitionMetadata metadata) {
        this.context = context;
        this.disk = context.disk();
        this.directory = directory;
        this.found = found;
        this.metadata = metadata;
        this.steps = planned();
    }

    // ---------------------------------------------------------------- before anything is served

    /** Unfinished files of an earlier process are never adopted: nobody knows whether they were forced. */
    void deleteTemporaries() throws IOException {
        for (String name : found.temporaries()) {
            disk.delete(directory.resolve(name));
        }
    }

    /**
     * Makes durable what will be served. After a clean close it is. The buffer is used during the call.
     *
     * <p>It takes no room, but where a crash has left a hole for zeros that were part of a frame: then a block of the RESERVE.
     */
    void secure(ByteBuffer buffer) throws IOException {
        if (found.isClean()) {
            return;
        }
        secureTail(buffer);
        if (!found.tail().hasFrames() && !found.sealed().isEmpty()) {
            // No frame of the newest segment shows that its predecessor's seal was forced before it.
            SealedFound last = found.sealed().get(found.sealed().size() - 1);
            if (last.missingSeal().isEmpty()) {
                writeAgain(last.segment().path(), List.of(new Range(last.end().endPosition(), last.sealEnd())), buffer);
            }
        }
        disk.forceDirectory(directory);
        disk.forceDirectory(PartitionCreator.parentOf(directory));
    }

    private void secureTail(ByteBuffer buffer) throws IOException {
        TailFound tail = found.tail();
        long blockEnd = (tail.end().endPosition() + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
        writeAgain(
                tail.segment().path(),
                List.of(
                        new Range(0, SegmentHeader.BYTES),
                        new Range(tail.rewriteFrom(), Math.min(blockEnd, tail.fileBytes()))),
                buffer);
    }

    /** Bytes of a file, by positions. */
    private record Range(long from, long to) {}

    /**
     * Writes the bytes that are there. The process before may have died after a failed force: its pages are in the cache, not on the disk, and clean,
     * so that a force alone would do nothing and report success. Writing makes them dirty again.
     */
    private void writeAgain(Path path, List<Range> ranges, ByteBuffer buffer) throws IOException {
        context.room().withReserve(() -> {
            try (DiskFile file = disk.open(path, Disk.Access.READ_WRITE)) {
                for (Range range : ranges) {
                    FileCopy.copy(file, range.from(), range.to(), file, range.from(), buffer);
                }
                file.force(false);
            }
            return true;
        });
    }

    // ---------------------------------------------------------------- the rest

    private List<Step> planned() {
        List<Step> planned = new ArrayList<>();
        found.sealed().stream()
                .filter(SealedFound::isUnfinished)
                .forEach(old -> planned.add(new Step("write a seal", buffer -> complete(old))));
        if (!found.doomed().isEmpty()) {
            planned.add(new Step("delete segments", buffer -> deleteDoomed()));
        }
        Step settle = new Step("replace PARTITION", buffer -> settle());
        Step cutTail = new Step("cut the segment", buffer -> cutTail());
        found.tail().cut().ifPresent(cut -> {
            switch (cut.reason()) {
                case UNDECIDED -> {
                    planned.add(new Step("keep the cut bytes aside", buffer -> keepAside(cut, buffer)));
                    planned.add(settle);
                    planned.add(cutTail);
                }
                case ALREADY_KEPT -> {
                    planned.add(settle);
                    planned.add(cutTail);
                }
                case TRUNCATION -> {
                    // The intent stays in PARTITION until the cut is durable.
                    planned.add(cutTail);
                    planned.add(settle);
                }
            }
        });
        boolean isSettleNeeded = !found.isClean() || !found.metadata().intents().isEmpty();
        if (found.tail().cut().isEmpty() && isSettleNeeded) {
            planned.add(settle);
        }
        return planned;
    }

    @Override
    public ActiveState finish() throws IOException {
        // Long after the opening: the buffer of then belongs to whatever is recovered now.
        return finish(ByteBuffer.allocateDirect(COPY_BYTES));
    }

    /** The same, with a buffer that is used during the call. */
    ActiveState finish(ByteBuffer buffer) throws IOException {
        while (next < steps.size()) {
            try {
                steps.get(next).action.run(buffer);
            } catch (IOException e) {
                stoppedBy = e;
                throw e;
            }
            next++;
        }
        stoppedBy = null;
        return found.active();
    }

    boolean isFinished() {
        return next == steps.size();
    }

    /** The step at which it stopped, in words that complete "recovery could not". */
    String stoppedAt() {
        return isFinished() ? "go on" : steps.get(next).what;
    }

    @Override
    public WalException refusal() {
        return new AppendRefusedException(
                ErrorCode.STORAGE_FULL,
                "recovery found no room to " + stoppedAt() + ", appends wait for it: partition="
                        + directory.getFileName(),
                stoppedBy);
    }

    /** The last steps of a rotation: the seal, and nothing behind it. */
    private void complete(SealedFound old) throws IOException {
        context.room().withReserve(() -> {
            try (DiskFile file = disk.open(old.segment().path(), Disk.Access.READ_WRITE)) {
                if (old.missingSeal().isPresent()) {
                    file.writeFully(
                            old.missingSeal().get().duplicate().clear(),
                            old.end().endPosition());
                }
                file.truncate(old.sealEnd());
                file.force(false);
            }
            return true;
        });
    }

    private void deleteDoomed() throws IOException {
        for (SegmentName name : found.doomed()) {
            deleteIfThere(directory.resolve(name.indexFile()));
            deleteIfThere(directory.resolve(name.segmentFile()));
        }
        // Before PARTITION forgets the intent: otherwise a loss of power could bring the files back with nobody to
        // delete them.
        disk.forceDirectory(directory);
    }

    private void deleteIfThere(Path path) throws IOException {
        if (disk.exists(path)) {
            disk.delete(path);
        }
    }

    /**
     * The bytes stay in the segment until {@code PARTITION} says that it is closed, so until then an unfinished side file of an earlier attempt is
     * written anew.
     */
    private void keepAside(TailFound.Cut cut, ByteBuffer buffer) throws IOException {
        Path segment = found.tail().segment().path();
        long from = found.tail().end().endPosition();
        Path aside = directory.resolve(Names.cutFile(found.tail().segment().name(), from));
        context.room().withReserve(() -> {
            deleteIfThere(aside);
            try (DiskFile source = disk.open(segment, Disk.Access.READ);
                    DiskFile target = disk.create(aside)) {
                FileCopy.copy(source, from, cut.usedEnd(), target, 0, buffer);
                target.force(false);
            }
            return true;
        });
        disk.forceDirectory(directory);
    }

    private void settle() throws IOException {
        metadata.rewrite(before -> found.settled());
    }

    private void cutTail() throws IOException {
        try (DiskFile file = disk.open(found.tail().segment().path(), Disk.Access.READ_WRITE)) {
            SegmentCut.make(file, found.tail().end().endPosition(), context.room());
        }
    }
}
