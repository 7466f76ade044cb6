package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Seek;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.PartitionInfo;
import dev.tidemark.wal.api.PartitionInfo.SegmentInfo;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A client of one server: partitions that are used as if the log were in this process.
 *
 * <pre>{@code
 * try (WalClient client = WalClient.connect("localhost:7878")) {
 *     Partition orders = client.partition("orders", 0);       // created if there is none
 *     long offset = orders.append(bytes);                     // returns when durable
 *     CompletableFuture<Long> later = orders.appendAsync(bytes);
 *     try (Cursor cursor = orders.read(From.offset(offset))) {
 *         while (cursor.next()) {
 *             use(cursor.offset(), cursor.value());
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>A lost connection is opened again, and what was not answered is sent again, so that each append is in the log once; calls wait for that up to their
 * deadlines. Appends that wait at the same time travel together. One client is enough for a program, however many threads and partitions it has.
 *
 * <p>Safe for use by any number of threads, but not by code that runs on an event loop of somebody else: its calls wait. Everything that goes wrong is a {@link
 * WalException}.
 */
public final class WalClient implements AutoCloseable {
    private final ClientCore core;

    private WalClient(ClientCore core) {
        this.core = core;
    }

    /**
     * Connects to {@code host:port} with the defaults of {@link ClientConfig}.
     *
     * @throws WalException see {@link #connect(ClientConfig)}
     */
    public static WalClient connect(String server) {
        return connect(ClientConfig.of(server));
    }

    /**
     * Connects, and returns once the server has said hello.
     *
     * @throws UnavailableException {@code SERVER_UNREACHABLE} when that took longer than {@code requestTimeout}; {@code VERSION_UNSUPPORTED}; {@code TLS_REQUIRED}, {@code TLS_UNEXPECTED}
     *     or {@code TLS_FAILED}; {@code UNAUTHENTICATED}
     * @throws dev.tidemark.wal.api.InvalidCallException {@code CONFIG_INVALID} when the TLS files, or the token, cannot be used
     */
    public static WalClient connect(ClientConfig config) {
        ClientCore core = new ClientCore(config);
        core.open();
        return new WalClient(core);
    }

    /**
     * The partition with this name and number, created if there is none. Always the same object until it is deleted by this client.
     *
     * @throws WalException {@code NAME_INVALID}; the partition's own error, if the server could not open it; {@code SERVER_UNREACHABLE}; {@code STORE_CLOSED}
     *     when the client is closed
     */
    public Partition partition(String name, int number) {
        return partition(new PartitionId(name, number));
    }

    /** As {@link #partition(String, int)}. */
    public Partition partition(PartitionId id) {
        Optional<RemotePartition> known = core.known(id);
        if (known.isPresent()) {
            return known.get();
        }
        Answer.Created created = core.calls()
                .ask("create", Answer.Created.class, request -> new Request.Create(request, PartitionName.of(id)));
        return core.partition(id, created.incarnation());
    }

    /** The partition with this name, if there is one; never creates. */
    public Optional<Partition> find(PartitionId id) {
        Optional<RemotePartition> known = core.known(id);
        if (known.isPresent()) {
            return Optional.of(known.get());
        }
        try {
            Answer.Found found = core.calls()
                    .ask(
                            "offsets",
                            Answer.Found.class,
                            request -> new Request.Offsets(request, PartitionName.of(id), Seek.END, 0));
            return Optional.of(core.partition(id, found.incarnation()));
        } catch (WalException e) {
            if (e.code() == ErrorCode.PARTITION_UNKNOWN) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Deletes the partition with this name and number for good; see {@code Wal.deletePartition}.
     *
     * @return false if there was none; or if the connection was lost and the first attempt had deleted it
     */
    public boolean deletePartition(String name, int number) {
        return deletePartition(new PartitionId(name, number));
    }

    /** As {@link #deletePartition(String, int)}. */
    public boolean deletePartition(PartitionId id) {
        Optional<RemotePartition> handle = core.known(id);
        boolean existed = core.calls()
                .ask("delete", Answer.Deleted.class, request -> new Request.Delete(request, PartitionName.of(id)))
                .existed();
        handle.ifPresent(gone -> gone.markDeleted(
                new UnavailableException(ErrorCode.PARTITION_DELETED, "partition was deleted: partition=" + id)));
        return existed;
    }

    /** The names of all partitions, sorted. */
    public List<PartitionId> partitions() {
        List<PartitionId> all = new ArrayList<>();
        Optional<PartitionName> last = Optional.empty();
        while (true) {
            Optional<PartitionName> after = last;
            Answer.Listed page = core.calls()
                    .ask(
                            "list",
                            Answer.Listed.class,
                            request -> new Request.ListPartitions(request, after, Protocol.MAX_LISTED));
            PartitionId before = all.isEmpty() ? null : all.get(all.size() - 1);
            page.partitions().forEach(name -> all.add(name.toId()));
            if (!page.hasMore() || page.partitions().isEmpty()) {
                return all;
            }
            if (before != null && before.compareTo(all.get(all.size() - 1)) >= 0) {
                throw ClientErrors.violated(core.config().server(), "a list that does not come to its end");
            }
            last = Optional.of(page.partitions().get(page.partitions().size() - 1));
        }
    }

    /**
     * State, ends and sizes of a partition. Of one with very many segments only the newest are listed.
     *
     * @throws WalException {@code PARTITION_UNKNOWN}
     */
    public PartitionInfo describe(PartitionId id) {
        Answer.Described described = core.calls()
                .ask(
                        "describe",
                        Answer.Described.class,
                        request -> new Request.Describe(request, PartitionName.of(id)));
        List<SegmentInfo> segments = new ArrayList<>();
        for (Answer.Segment segment : described.segments()) {
            segments.add(new SegmentInfo(
                    segment.file(),
                    segment.baseOffset(),
                    segment.endOffset(),
                    segment.usedBytes(),
                    segment.fileBytes(),
                    segment.isSealed()));
        }
        return new PartitionInfo(
                id,
                described.state(),
                described.ends(),
                segments,
                described.failure().map(failure -> failure.toException()));
    }

    /** How the client works. */
    public ClientConfig config() {
        return core.config();
    }

    /**
     * Takes nothing new, waits at most {@code closeTimeout} for answers to what was sent, and ends the connection. What is not answered then is refused if it was
     * never sent; else its outcome is unknown. Closing again does nothing.
     */
    @Override
    public void close() {
        core.close();
    }
}
