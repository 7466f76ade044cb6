package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageKind;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.WireError;
import dev.tidemark.server.security.Rights;
import dev.tidemark.wal.Wal;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.WalException;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The requests that are neither appends nor reads: each is one call of the engine.
 *
 * <p><b>Threads.</b> Those of the file pool: everything here may block.
 */
final class Administration {
    /** The newest segments of a description; a partition may have more than a message holds. */
    private static final int MAX_SEGMENTS = 1_000;

    /** What is written down of a change that was made. */
    static final String DONE = "done";

    /** Checkpoints that are set are the daily work of a reader, and are not written down. */
    private static final Set<MessageKind> CHANGES =
            EnumSet.of(MessageKind.CREATE, MessageKind.DELETE, MessageKind.TRIM, MessageKind.REMOVE_CHECKPOINT);

    private final Wal wal;
    private final Handles handles;
    private final Rights rights;
    private final Audit audit;
    private final Audit.Who who;

    Administration(Services.Serving serving, Rights rights, Audit audit, Audit.Who who) {
        this.audit = audit;
        this.who = who;
        wal = serving.wal();
        handles = serving.handles();
        this.rights = rights;
    }

    /** The answer; every error is thrown. What changes something is written down, with what has become of it. */
    Answer answer(Request request) {
        if (!(request instanceof Request.OfPartition about) || !CHANGES.contains(request.kind())) {
            return answerTo(request);
        }
        String kind = request.kind().name();
        try {
            Answer answer = answerTo(request);
            if (!(answer instanceof Answer.Created)) {
                audit.changed(kind, who, about.partition(), DONE);
            }
            return answer;
        } catch (StorageException e) {
            // What it has come to on the disk, nobody can tell from here.
            audit.changed(kind, who, about.partition(), e.code().name());
            throw e;
        } catch (WalException e) {
            // Nothing was changed. Whoever may only read can have as many of these as he likes, so they are bounded as
            // refusals are.
            audit.refused(kind, e.code(), who, about.partition());
            throw e;
        }
    }

    private Answer answerTo(Request request) {
        long id = request.id();
        if (request instanceof Request.Offsets offsets) {
            return handles.with(offsets.partition(), false, partition -> find(offsets, partition));
        }
        if (request instanceof Request.Create create) {
            return create(create);
        }
        if (request instanceof Request.ListPartitions list) {
            return list(list);
        }
        if (request instanceof Request.Describe describe) {
            return handles.with(describe.partition(), false, partition -> described(id, partition.describe()));
        }
        if (request instanceof Request.Delete delete) {
            return delete(delete);
        }
        if (request instanceof Request.Trim trim) {
            return handles.with(
                    trim.partition(), false, partition -> new Answer.Trimmed(id, partition.trimTo(trim.offset())));
        }
        if (request instanceof Request.Checkpoints checkpoints) {
            return handles.with(
                    checkpoints.partition(),
                    false,
                    partition -> new Answer.CheckpointsAre(id, new TreeMap<>(partition.checkpoints())));
        }
        if (request instanceof Request.SetCheckpoint set) {
            return handles.with(set.partition(), false, partition -> {
                partition.checkpoint(set.name(), set.offset());
                return new Answer.CheckpointSet(id);
            });
        }
        if (request instanceof Request.RemoveCheckpoint remove) {
            return handles.with(
                    remove.partition(),
                    false,
                    partition -> new Answer.CheckpointRemoved(id, partition.removeCheckpoint(remove.name())));
        }
        if (request instanceof Request.Sync sync) {
            return handles.with(sync.partition(), false, partition -> new Answer.Synced(id, partition.sync()));
        }
        throw new IllegalStateException("a request that is served elsewhere: kind=" + request.kind());
    }

    private static Answer find(Request.Offsets request, LocalPartition partition) {
        Ends ends = partition.ends();
        long offset = switch (request.seek()) {
            case START -> ends.start();
            case END -> ends.readable();
            case OFFSET -> tested(request.argument(), ends, partition.id());
            case TIMESTAMP -> {
                try (Cursor cursor = partition.read(From.timestamp(request.argument()))) {
                    yield cursor.nextOffset();
                }
            }
        };
        return new Answer.Found(request.id(), partition.incarnation(), ends, offset);
    }

    private static long tested(long offset, Ends ends, PartitionId id) {
        if (offset < ends.start()) {
            throw new InvalidCallException(
                    ErrorCode.OFFSET_TRIMMED,
                    "offset is before the start of the log: partition=" + id + " offset=" + offset + " first="
                            + ends.start());
        }
        if (offset > ends.readable()) {
            throw new InvalidCallException(
                    ErrorCode.OFFSET_BEYOND_END,
                    "offset is beyond the end of the log: partition=" + id + " offset=" + offset + " end="
                            + ends.readable());
        }
        return offset;
    }

    private Answer create(Request.Create request) {
        boolean existed = wal.find(request.partition().toId()).isPresent();
        // Who may only fetch opens what is there.
        LocalPartition partition = handles.find(
                request.partition(),
                rights.mayCreate(request.partition()),
                () -> audit.changed(request.kind().name(), who, request.partition(), DONE));
        return new Answer.Created(request.id(), existed, partition.incarnation(), partition.ends());
    }

    private Answer list(Request.ListPartitions request) {
        Optional<PartitionId> after = request.after().map(PartitionName::toId);
        int max = Math.min(request.max(), Protocol.MAX_LISTED);
        List<PartitionName> page = wal.partitions().stream()
                .filter(id -> rights.mayKnow(PartitionName.of(id)))
                .filter(id -> after.isEmpty() || id.compareTo(after.get()) > 0)
                .limit(max + 1L)
                .map(PartitionName::of)
                .toList();
        boolean hasMore = page.size() > max;
        return new Answer.Listed(request.id(), hasMore, hasMore ? page.subList(0, max) : page);
    }

    private static Answer described(long id, PartitionInfo info) {
        List<PartitionInfo.SegmentInfo> all = info.segments();
        List<Answer.Segment> newest = all.subList(Math.max(0, all.size() - MAX_SEGMENTS), all.size()).stream()
                .map(segment -> new Answer.Segment(
                        segment.file(),
                        segment.baseOffset(),
                        segment.endOffset(),
                        segment.usedBytes(),
                        segment.fileBytes(),
                        segment.isSealed()))
                .toList();
        return new Answer.Described(
                id,
                info.state(),
                info.ends(),
                all.size(),
                info.fileBytes(),
                newest,
                info.failure().map(WireError::of));
    }

    private Answer delete(Request.Delete request) {
        PartitionId id = request.partition().toId();
        if (request.partition().incarnation() != PartitionName.ANY) {
            // Only this one: not the one that has taken its name.
            LocalPartition meant = handles.find(request.partition(), false);
            handles.forget(meant);
        }
        LocalPartition known = handles.known(PartitionName.of(id));
        boolean existed = wal.deletePartition(id);
        if (known != null) {
            handles.forget(known);
        }
        return new Answer.Deleted(request.id(), existed);
    }
}
