package dev.tidemark.wal.partition;

import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionRecovery;
import dev.tidemark.wal.api.RecoveryCase;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.Decoded;
import dev.tidemark.wal.format.Loss;
import dev.tidemark.wal.format.Names;
import dev.tidemark.wal.format.PartitionFile;
import dev.tidemark.wal.format.SegmentEnd;
import dev.tidemark.wal.format.SegmentHeader;
import dev.tidemark.wal.format.SegmentName;
import dev.tidemark.wal.io.Disk;
import dev.tidemark.wal.io.DiskEntry;
import dev.tidemark.wal.io.DiskErrors;
import dev.tidemark.wal.io.DiskFile;
import dev.tidemark.wal.partition.VerifyFinding.Severity;
import dev.tidemark.wal.segment.Segment;
import dev.tidemark.wal.segment.SegmentScan;
import dev.tidemark.wal.segment.SegmentVerifier;
import dev.tidemark.wal.segment.SegmentVerifier.BadPlace;
import dev.tidemark.wal.segment.SegmentVerifier.Contents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads all of one partition: first as a read-only opening would, which gives the rows of the table, then every frame of every segment.
 *
 * <p>Works beside a live writer: what is found to be damaged is looked at again, and told if two looks running find the same. Damage is there
 * the next time as well.
 *
 * <p><b>Threads.</b> Confined to one thread, with its buffer.
 *
 * <p><b>Crash.</b> Writes nothing.
 */
final class PartitionVerifier {

    private static final int MAX_LOOKS = 8;

    private final RecoveryContext context;
    private final Disk disk;
    private final PartitionId id;
    private final Path directory;
    private final ByteBuffer window;
    private final LongConsumer progress;

    private List<VerifyFinding> findings = new ArrayList<>();

    /** Those of the findings that say no more than that a file was not what it had been a moment before. */
    private final Set<VerifyFinding> outdated = new HashSet<>();

    private List<SegmentName> names = List.of();
    private Optional<PartitionFile> metadataAtOpening = Optional.empty();
    private RecoveryResult opened;
    private long frames;
    private long records;
    private long payloadBytes;
    private long fileBytes;
    private long bytesRead;
    private int segments;
    private long end;

    /**
     * @param context of a read-only store
     * @param progress is told how many more bytes were read
     */
    PartitionVerifier(
            RecoveryContext context, PartitionId id, Path directory, ByteBuffer window, LongConsumer progress) {
        this.context = context;
        this.disk = context.disk();
        this.id = id;
        this.directory = directory;
        this.window = window;
        this.progress = progress;
        this.opened = recover();
    }

    private RecoveryResult recover() {
        // Read before, so that whoever compares it later knows that nothing was changed since.
        metadataAtOpening = metadataOf(disk, directory);
        return new Recoverer(context, window).recover(id, directory);
    }

    VerifiedPartition verify() {
        look();
        List<VerifyFinding> before = List.of();
        for (int looks = 1; looks < MAX_LOOKS && isAnyNew(before); looks++) {
            before = findings;
            opened = recover();
            look();
            keepErrors(before);
        }
        leaveOutWhatIsNotThereTwice(before);
        findings.sort(Comparator.comparing(VerifyFinding::severity));
        PartitionRecovery report = opened.report();
        return new VerifiedPartition(
                id.toString(),
                report.cases(),
                report.start(),
                Math.max(end, report.end()),
                opened instanceof RecoveryResult.Recovered recovered
                        ? recovered.log().provenEnd()
                        : report.end(),
                segments,
                frames,
                records,
                payloadBytes,
                fileBytes,
                bytesRead,
                findings);
    }

    // ---------------------------------------------------------------- beside a live writer

    /** Whether anything was found that a writer at work may look like, and that the look before has not found. */
    private boolean isAnyNew(List<VerifyFinding> before) {
        return findings.stream().anyMatch(finding -> mayPass(finding) && !isIn(before, finding));
    }

    /**
     * A writer may have cut, sealed or deleted what was being read: then the next look finds nothing there, or something else somewhere else.
     * What the disk refuses to give is no such thing.
     */
    private boolean mayPass(VerifyFinding finding) {
        return finding.severity() == Severity.DAMAGE || outdated.contains(finding);
    }

    /** An error of the disk stays found, also if the next attempt succeeds. */
    private void keepErrors(List<VerifyFinding> before) {
        before.stream()
                .filter(finding -> finding.severity() == Severity.UNREADABLE && !mayPass(finding))
                .forEach(this::add);
    }

    private void leaveOutWhatIsNotThereTwice(List<VerifyFinding> before) {
        if (isAnyNew(before)) {
            findings.removeIf(finding -> mayPass(finding) && !isIn(before, finding));
            add(note(Optional.empty(), directory, "files changed at every look, what was found only once is left out"));
        }
    }

    private void look() {
        findings = new ArrayList<>();
        frames = 0;
        records = 0;
        payloadBytes = 0;
        fileBytes = 0;
        segments = 0;
        end = 0;
        noteOpening();
        try {
            lookAtSegments();
            noteSideFiles();
        } catch (IOException e) {
            add(unreadable(directory, e));
        }
    }

    // ---------------------------------------------------------------- what opening would say

    private void noteOpening() {
        PartitionRecovery report = opened.report();
        report.failure().ifPresent(failure -> {
            VerifyFinding refused = refusal(report, failure);
            if (Refusal.saysChanged(failure.getCause())) {
                outdated.add(refused);
            }
            add(refused);
        });
        report.undecided()
                .ifPresent(undecided -> add(new VerifyFinding(
                        Severity.UNDECIDED,
                        Optional.of(RecoveryCase.R2),
                        id.toString(),
                        undecided.file(),
                        undecided.filePosition(),
                        undecided.firstOffset(),
                        undecided.endOffset(),
                        "torn or damaged above the last proof, opening keeps it aside and cuts it: file="
                                + undecided.file() + " at=" + undecided.filePosition() + " bytes=" + undecided.bytes()
                                + " offset=" + undecided.firstOffset() + " end=" + undecided.endOffset())));
        if (report.cases().contains(RecoveryCase.R6)) {
            add(note(
                    Optional.of(RecoveryCase.R6),
                    directory,
                    "a rotation, trim, truncation or deletion was interrupted, opening finishes it"));
        }
    }

    private VerifyFinding refusal(PartitionRecovery report, WalException failure) {
        RecoveryCase row = report.cases().get(report.cases().size() - 1);
        Severity severity = failure.code() == ErrorCode.FORMAT_NEWER
                ? Severity.NEWER
                : row == RecoveryCase.R7 ? Severity.UNREADABLE : Severity.DAMAGE;
        if (failure instanceof DamageException damaged) {
            return new VerifyFinding(
                    severity,
                    Optional.of(row),
                    id.toString(),
                    damaged.damage().file(),
                    damaged.damage().filePosition(),
                    damaged.damage().firstOffset(),
                    damaged.damage().endOffset(),
                    String.valueOf(failure.getMessage()));
        }
        return new VerifyFinding(
                severity,
                Optional.of(row),
                id.toString(),
                id.toString(),
                -1,
                -1,
                -1,
                String.valueOf(failure.getMessage()));
    }

    // ---------------------------------------------------------------- every segment

    private void lookAtSegments() throws IOException {
        SegmentHeader before = null;
        Contents contentsBefore = null;
        names = names();
        for (int i = 0; i < names.size(); i++) {
            Path path = directory.resolve(names.get(i).segmentFile());
            long successorBase = i == names.size() - 1 ? -1 : names.get(i + 1).baseOffset();
            try (DiskFile file = disk.open(path, Disk.Access.READ)) {
                SegmentHeader header = readHeader(names.get(i), file);
                if (header != null && before != null && contentsBefore != null) {
                    compare(before, contentsBefore, header);
                }
                before = header;
                contentsBefore = header == null ? null : read(file, header, successorBase);
            } catch (NoSuchFileException trimmed) {
                // Found by the next look, if it should be there.
                before = null;
                contentsBefore = null;
            } catch (IOException e) {
                add(unreadable(path, e));
                before = null;
                contentsBefore = null;
            }
        }
    }

    /** Those of the log; if it cannot be opened, all that are there. */
    private List<SegmentName> names() throws IOException {
        if (opened instanceof RecoveryResult.Recovered recovered) {
            return recovered.log().segments().stream().map(Segment::name).toList();
        }
        return List.copyOf(PartitionListing.read(disk, directory).segments().keySet());
    }

    private @Nullable SegmentHeader readHeader(SegmentName name, DiskFile file) throws IOException {
        int bytes = file.readFully(window.clear().limit(SegmentHeader.BYTES), 0);
        Decoded<SegmentHeader> decoded = SegmentHeader.decode(window.clear(), 0, bytes);
        if (decoded.value().isPresent() && decoded.value().get().name().equals(name)) {
            return decoded.value().get();
        }
        String reason = decoded instanceof Decoded.Damaged<SegmentHeader> damaged
                ? damaged.reason()
                : "segment cannot be read under this name";
        Severity severity = decoded instanceof Decoded.Newer ? Severity.NEWER : Severity.DAMAGE;
        add(found(severity, RecoveryCase.R4, file.path(), 0, name.baseOffset(), -1, reason));
        return null;
    }

    /** @param successorBase where the next segment begins, or -1 in the newest */
    private Contents read(DiskFile file, SegmentHeader header, long successorBase) throws IOException {
        boolean isNewest = successorBase < 0;
        boolean isOpened = opened instanceof RecoveryResult.Recovered;
        long limit = isNewest && opened instanceof RecoveryResult.Recovered recovered
                ? recovered.log().active().end().endPosition()
                : Long.MAX_VALUE;
        SegmentVerifier verifier = new SegmentVerifier(file, header, window, limit);
        if (successorBase >= 0) {
            verifier.withIndex(disk, new Segment(file.path(), header).sealedAt(successorBase, file.size()));
        }
        Contents contents = verifier.verify();
        segments++;
        frames += contents.totals().frames();
        records += contents.totals().records();
        payloadBytes += contents.totals().payloadBytes();
        fileBytes += file.size();
        bytesRead += contents.bytesRead();
        end = Math.max(end, contents.endOffset());
        progress.accept(contents.bytesRead());
        noteBadPlaces(file.path(), contents, isNewest && !isOpened, successorBase);
        noteSmallThings(file.path(), contents);
        if (isNewest && opened.report().cases().contains(RecoveryCase.CLEAN)) {
            noteBytesBehind(file, header, limit);
        }
        return contents;
    }

    /** Opening after a clean close does not look there: space that was prepared is written over. A live writer may have begun to. */
    private void noteBytesBehind(DiskFile file, SegmentHeader header, long end) throws IOException {
        SegmentScan scan = new SegmentScan(file, header.salt(), window, Long.MAX_VALUE);
        if (scan.usedEnd(end) > end && metadataOf(disk, directory).equals(metadataAtOpening)) {
            add(note(
                    Optional.empty(),
                    file.path(),
                    "bytes behind the end of a closed log are not zeros, no record is concerned, at=" + end));
        }
    }

    /** @param endOfSegment where the next segment begins, or -1 in the newest */
    private void noteBadPlaces(Path path, Contents contents, boolean isTail, long endOfSegment) throws IOException {
        long proven = isTail ? Math.max(contents.provenOffset(), provenByMetadata()) : Long.MAX_VALUE;
        for (BadPlace place : contents.badPlaces()) {
            if (place.offset() == place.resumesOffset()) {
                add(note(
                        Optional.empty(),
                        path,
                        "bytes are no good frame, no record is concerned, at=" + place.position() + " found="
                                + place.verdict()));
                continue;
            }
            if (isOnRecord(place, endOfSegment)) {
                add(onRecord(path, place, endOfSegment));
                continue;
            }
            boolean isProven = place.offset() < proven;
            add(found(
                    isProven ? Severity.DAMAGE : Severity.UNDECIDED,
                    isProven ? RecoveryCase.R3 : RecoveryCase.R2,
                    path,
                    place.position(),
                    place.offset(),
                    place.resumesOffset(),
                    "bytes are not the next good frame, found=" + place.verdict() + " resumesAt=" + place.resumesAt()));
        }
        long more = contents.badPlacesInAll() - contents.badPlaces().size();
        if (more > 0) {
            add(found(
                    Severity.DAMAGE, RecoveryCase.R3, path, -1, -1, -1, "more bad places in this file, count=" + more));
        }
    }

    private VerifyFinding onRecord(Path path, BadPlace place, long endOfSegment) {
        String file = Segment.displayName(path);
        long end = endOf(place, endOfSegment);
        return new VerifyFinding(
                Severity.NOTE,
                Optional.empty(),
                id.toString(),
                file,
                place.position(),
                place.offset(),
                end,
                "records are lost, which is on record: file=" + file + " at=" + place.position() + " offset="
                        + place.offset() + " end=" + end);
    }

    private static long endOf(BadPlace place, long endOfSegment) {
        return place.resumesOffset() >= 0 ? place.resumesOffset() : Math.max(endOfSegment, place.offset() + 1);
    }

    /** Whether all that is missing at a bad place was given up by a quarantine or a repair. */
    private boolean isOnRecord(BadPlace place, long endOfSegment) {
        long end = endOf(place, endOfSegment);
        return losses().stream().anyMatch(loss -> loss.firstOffset() <= place.offset() && end <= loss.endOffset());
    }

    private boolean isAnyLossWithin(long firstOffset, long endOffset) {
        return losses().stream().anyMatch(loss -> loss.firstOffset() < endOffset && firstOffset < loss.endOffset());
    }

    private List<Loss> losses() {
        return opened instanceof RecoveryResult.Recovered recovered
                ? recovered.log().metadata().current().losses()
                : List.of();
    }

    private long provenByMetadata() throws IOException {
        return PartitionMetadata.read(disk, directory)
                .value()
                .map(TailCheck::provenBy)
                .orElse(0L);
    }

    private void noteSmallThings(Path path, Contents contents) {
        for (long at : contents.dirtyPaddings()) {
            add(new VerifyFinding(
                    Severity.NOTE,
                    Optional.empty(),
                    id.toString(),
                    Segment.displayName(path),
                    at,
                    -1,
                    -1,
                    "padding of a frame is not zero, no record is concerned: file=" + Segment.displayName(path) + " at="
                            + at));
        }
        if (!contents.isIndexGood()) {
            SegmentName.parseSegmentFile(path.getFileName().toString())
                    .map(name -> path.resolveSibling(name.indexFile()))
                    .ifPresent(index ->
                            add(note(Optional.empty(), index, "the index file does not fit, it will be made again")));
        }
    }

    /** A segment must end where the header of its successor says, with a seal that says the same. */
    private void compare(SegmentHeader header, Contents contents, SegmentHeader successor) {
        Path path = directory.resolve(header.name().segmentFile());
        Optional<SegmentEnd> recorded = successor.predecessor();
        if (recorded.isEmpty() || !recorded.get().name().equals(header.name())) {
            add(found(
                    Severity.DAMAGE,
                    RecoveryCase.R5,
                    directory.resolve(outOfOrder(header, successor).segmentFile()),
                    -1,
                    contents.endOffset(),
                    successor.name().baseOffset(),
                    "a segment is missing, or does not follow the one before it"));
            return;
        }
        SegmentEnd should = recorded.get();
        boolean isSame = contents.endPosition() == should.endPosition()
                && contents.endOffset() == should.endOffset()
                && contents.totals().runningChecksum() == should.checksum();
        if (contents.isUnbroken() && !isSame) {
            add(found(
                    Severity.DAMAGE,
                    RecoveryCase.R3,
                    path,
                    Math.min(contents.endPosition(), should.endPosition()),
                    Math.min(contents.endOffset(), should.endOffset()),
                    Math.max(contents.endOffset(), should.endOffset()),
                    "frames are not those that the header of the next segment counts"));
        }
        boolean isSealTrue = contents.seal()
                .map(seal -> seal.summary().equals(contents.totals().summary(contents.endOffset())))
                .orElse(true);
        if (contents.isUnbroken()
                && !isSealTrue
                && isAnyLossWithin(header.name().baseOffset(), contents.endOffset())) {
            // Cut within zeros at its own end, a frame is whole again when the seal is put behind the hole.
            add(note(
                    Optional.empty(),
                    path,
                    "records are on record as lost and verify nevertheless, so the seal does not count them"));
        } else if (contents.isUnbroken() && !isSealTrue) {
            add(found(
                    Severity.DAMAGE,
                    RecoveryCase.R4,
                    path,
                    contents.endPosition(),
                    header.name().baseOffset(),
                    contents.endOffset(),
                    "seal says something else than the frames"));
        }
        if (contents.isUnbroken() && isSame && contents.seal().isEmpty()) {
            add(note(Optional.of(RecoveryCase.R6), path, "segment has no seal, opening writes it"));
        }
    }

    /** Two segments do not follow one another: the one between them is missing, or the older one is too many, or the newer says that it is the first. */
    private SegmentName outOfOrder(SegmentHeader header, SegmentHeader successor) {
        SegmentName recorded = successor.predecessor().map(SegmentEnd::name).orElse(successor.name());
        return names.contains(recorded) && !recorded.equals(successor.name()) ? header.name() : recorded;
    }

    private void noteSideFiles() throws IOException {
        for (DiskEntry entry : disk.list(directory)) {
            if (Names.parseCutFile(entry.name()).isPresent()) {
                add(note(
                        Optional.empty(),
                        directory.resolve(entry.name()),
                        "bytes that an earlier recovery cut and kept aside, bytes=" + entry.sizeBytes()));
            } else if (Names.isDamagedFile(entry.name())) {
                add(note(
                        Optional.empty(),
                        directory.resolve(entry.name()),
                        "a file as a quarantine or a repair found it, bytes=" + entry.sizeBytes()));
            }
        }
    }

    // ---------------------------------------------------------------- findings

    /** One finding a place: what opening says about it stays, what reading says as well is left out. */
    private void add(VerifyFinding finding) {
        if (finding.severity() == Severity.NOTE || !isIn(findings, finding)) {
            findings.add(finding);
        }
    }

    private static boolean isIn(List<VerifyFinding> known, VerifyFinding finding) {
        return known.stream()
                .anyMatch(other -> other.severity() == finding.severity()
                        && other.file().equals(finding.file())
                        && other.filePosition() == finding.filePosition());
    }

    private VerifyFinding found(
            Severity severity,
            RecoveryCase row,
            Path file,
            long filePosition,
            long firstOffset,
            long endOffset,
            String what) {
        String name = Segment.displayName(file);
        return new VerifyFinding(
                severity,
                Optional.of(row),
                id.toString(),
                name,
                filePosition,
                firstOffset,
                endOffset,
                what + ": file=" + name + " at=" + filePosition + " offset=" + firstOffset + " end=" + endOffset
                        + " case=" + row);
    }

    private VerifyFinding note(Optional<RecoveryCase> row, Path file, String what) {
        String name = file.equals(directory) ? id.toString() : Segment.displayName(file);
        return new VerifyFinding(Severity.NOTE, row, id.toString(), name, -1, -1, -1, what + ": file=" + name);
    }

    private VerifyFinding unreadable(Path file, IOException cause) {
        String name = file.equals(directory) ? id.toString() : Segment.displayName(file);
        VerifyFinding finding = new VerifyFinding(
                Severity.UNREADABLE,
                Optional.of(RecoveryCase.R7),
                id.toString(),
                name,
                -1,
                -1,
                -1,
                "could not be read: file=" + name + " (" + DiskErrors.reason(cause) + ")");
        if (Refusal.saysChanged(cause)) {
            outdated.add(finding);
        }
        return finding;
    }

    /** What {@code PARTITION} says, if it can be read. */
    static Optional<PartitionFile> metadataOf(Disk disk, Path directory) {
        try {
            return PartitionMetadata.read(disk, directory).value();
        } catch (IOException unreadable) {
            return Optional.empty();
        }
    }
}
