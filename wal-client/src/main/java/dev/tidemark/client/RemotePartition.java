package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Seek;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Cursor;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.From;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.Partition;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.ReadOptions;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.FrameCodec;
import io.netty.buffer.ByteBuf;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A partition on a server. Appends go through its queue and pipeline; everything else is a question to the server.
 *
 * <p><b>Threads.</b> Any thread calls. The pipeline belongs to the I/O thread.
 */
final class RemotePartition implements Partition, ProducerPipeline.Wire {
    private static final long HELD_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final PartitionId id;
    private final PartitionName name;
    private final ClientCore core;
    private final AppendQueue queue;
    private final ProducerPipeline pipeline;
    private final BackOff patience;
    /** Why it cannot be used any more: it was deleted, or the client is closed. */
    private volatile @Nullable WalException end;

    private boolean isRestartScheduled;
    private boolean isLingering;

    RemotePartition(PartitionId id, long incarnation, ClientCore core, ProducerIdentity producer) {
        this.id = id;
        this.name = PartitionName.of(id).only(incarnation);
        this.core = core;
        ClientConfig config = core.config();
        this.queue = new AppendQueue(
                core.memory(),
                Math.min(config.batchBytes(), core.largestAppendBytes()),
                config.batchRecords(),
                config.linger().toNanos());
        this.pipeline = new ProducerPipeline(
                id, queue, core.room(), core.callbacks(), core.memory(), config.maxInFlight(), producer);
        this.patience = core.newBackOff();
    }

    @Override
    public PartitionId id() {
        return id;
    }

    String server() {
        return core.config().server();
    }

    Calls calls() {
        return core.calls();
    }

    void checkOpen() {
        WalException reason = end;
        if (reason != null) {
            throw ClientErrors.sameFor(reason, 0);
        }
    }

    /** Passes on what the server said. That the partition was deleted stays so, and need not be asked again. */
    WalException told(WalException error) {
        if (error.code() == ErrorCode.PARTITION_DELETED) {
            markDeleted(error);
        }
        return error;
    }

    boolean isDeleted() {
        WalException reason = end;
        return reason != null && reason.code() == ErrorCode.PARTITION_DELETED;
    }

    void markDeleted(WalException deleted) {
        if (end == null) {
            end = deleted;
        }
    }

    // ---------------------------------------------------------------- appending

    @Override
    public long append(AppendRequest request) {
        ClientThreads.assertMayBlock();
        long began = core.nanos();
        long timeoutNanos = request.timeout(core.config().appendTimeout()).toNanos();
        PendingAppend append = PendingAppend.awaited(request.count(), began + timeoutNanos);
        submit(request, append, began, timeoutNanos);
        try {
            if (!append.await(timeoutNanos - (core.nanos() - began))) {
                stopWaiting(
                        append,
                        ClientErrors.neverSent(id, server(), core.isConnected()),
                        ClientErrors.deadlinePassed(id));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            stopWaiting(append, ClientErrors.interruptedBeforeSent(id), ClientErrors.interrupted(id));
        }
        return append.result();
    }

    /** Ends the wait, unless the append was settled meanwhile. */
    private void stopWaiting(PendingAppend append, WalException ifNeverSent, WalException ifSent) {
        while (!append.withdraw(ifNeverSent, core.callbacks()) && !append.giveUp(ifSent, core.callbacks())) {
            if (append.isSettled()) {
                return;
            }
            // Another thread is between claiming and settling it: a matter of some instructions.
            Thread.onSpinWait();
        }
    }

    @Override
    public CompletableFuture<Long> appendAsync(AppendRequest request) {
        long began = core.nanos();
        long timeoutNanos = request.timeout(core.config().appendTimeout()).toNanos();
        CompletableFuture<Long> future = new CompletableFuture<>();
        submit(request, PendingAppend.later(request.count(), began + timeoutNanos, future), began, timeoutNanos);
        return future;
    }

    private void submit(AppendRequest request, PendingAppend append, long began, long timeoutNanos) {
        checkOpen();
        long bytes = bytesOf(request);
        long largest = Math.min(core.largestAppendBytes(), core.room().capacityBytes() - AppendBatch.OVERHEAD_BYTES);
        if (bytes > largest) {
            throw ClientErrors.tooLarge(id, bytes, largest);
        }
        long charged = bytes + AppendBatch.OVERHEAD_BYTES;
        takeRoom(charged, began, timeoutNanos);
        boolean isAdded = false;
        try {
            boolean mustTell = queue.add(request, (int) bytes, append, charged, began);
            isAdded = true;
            if (mustTell) {
                core.execute(this::pump);
            }
        } catch (io.netty.util.IllegalReferenceCountException | IndexOutOfBoundsException e) {
            throw released(request, e);
        } finally {
            if (!isAdded) {
                core.room().give(charged);
            }
        }
    }

    private long bytesOf(AppendRequest request) {
        try {
            long bytes = AppendQueue.bytesOf(request);
            if (request.payload() instanceof ByteBuf given && given.refCnt() == 0) {
                throw released(request, null);
            }
            return bytes;
        } catch (IllegalArgumentException e) {
            throw new InvalidCallException(ErrorCode.ARGUMENT_INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    private RuntimeException released(AppendRequest request, @Nullable RuntimeException cause) {
        boolean isReleased = request.payload() instanceof ByteBuf given && given.refCnt() == 0;
        return isReleased || cause == null
                ? new InvalidCallException(
                        ErrorCode.ARGUMENT_INVALID,
                        "the payload was released before the append: partition=" + id,
                        cause)
                : cause;
    }

    private void takeRoom(long bytes, long began, long timeoutNanos) {
        ClientThreads.assertMayBlock();
        try {
            if (!core.room().take(bytes, timeoutNanos - (core.nanos() - began))) {
                long waitedMillis = TimeUnit.NANOSECONDS.toMillis(core.nanos() - began);
                throw ClientErrors.noRoom(id, core.room(), waitedMillis);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ClientErrors.interruptedBeforeRoom(id, e);
        }
    }

    // ---------------------------------------------------------------- the pipeline, on the I/O thread

    /** Sends what can be sent. */
    void pump() {
        if (core.isClosed()) {
            pipeline.close();
            return;
        }
        long now = core.nanos();
        if (pipeline.isWaitingToRestart()) {
            restartSoon();
        } else {
            pipeline.pump(this, now);
        }
        lingerOn(now);
    }

    private void lingerOn(long nowNanos) {
        long left = queue.lingerNanos(nowNanos);
        if (left > 0 && !isLingering) {
            isLingering = true;
            core.schedule(
                    () -> {
                        isLingering = false;
                        pump();
                    },
                    left);
        }
    }

    /** At once when a refusal has only to be cleared up; after a pause when the server asked for patience. */
    private void restartSoon() {
        if (isRestartScheduled) {
            return;
        }
        long pause = pipeline.isPauseDue() ? patience.nextNanos() : 0;
        if (pause == 0) {
            pipeline.restart(this, core.nanos());
            return;
        }
        isRestartScheduled = true;
        core.schedule(
                () -> {
                    isRestartScheduled = false;
                    if (pipeline.isWaitingToRestart() && !core.isClosed()) {
                        pipeline.restart(this, core.nanos());
                    }
                },
                pause);
    }

    void connected(Answer.Welcome welcome) {
        if (welcome.producerWindow() > 0) {
            pipeline.limitInFlight(welcome.producerWindow());
        }
        queue.limitBatches(Math.min(core.config().batchBytes(), core.largestAppendBytes()));
        pump();
    }

    void connectionLost() {
        pipeline.connectionLost();
    }

    void expire(long nowNanos) {
        pipeline.expire(nowNanos, server(), core.isConnected());
    }

    boolean isIdle() {
        return pipeline.isIdle();
    }

    /** Nothing is taken in any more. Any thread. */
    void closeIntake() {
        UnavailableException reason = ClientErrors.closed(id);
        end = reason;
        queue.closeIntake(reason);
    }

    void close() {
        pipeline.close();
    }

    @Override
    public boolean isReady() {
        return core.isConnected();
    }

    @Override
    public void send(AppendBatch batch, ProducerIdentity producer, long sequence) {
        long leftMillis = TimeUnit.NANOSECONDS.toMillis(batch.deadlineNanos() - core.nanos());
        // One whose callers have all gone is repeated until it is answered; it does not matter how long the server lets
        // it wait.
        int timeoutMillis = (int) Math.max(1_000, Math.min(leftMillis, Protocol.MAX_WAIT_MILLIS));
        int crc = batch.crc();
        // Twice the time: what a server does not read because it has too much lies before it, and is not late there.
        long overdueNanos = core.nanos()
                + 2 * TimeUnit.MILLISECONDS.toNanos(timeoutMillis)
                + core.config().idleTimeout().toNanos();
        core.send(
                request -> new Request.Produce(
                        request,
                        name,
                        false,
                        batch.shape(),
                        batch.durability(),
                        timeoutMillis,
                        batch.count(),
                        crc,
                        Optional.of(new ProducerSequence(producer.id(), producer.epoch(), sequence)),
                        batch.expectedOffset(),
                        batch.payload().retainedSlice()),
                new ProduceAnswer(batch, overdueNanos));
    }

    private final class ProduceAnswer implements Link.Recipient {
        private final AppendBatch batch;
        private final long overdueNanos;

        ProduceAnswer(AppendBatch batch, long overdueNanos) {
            this.batch = batch;
            this.overdueNanos = overdueNanos;
        }

        @Override
        public boolean isAnsweredBy(Answer answer) {
            return answer instanceof Answer.Produced;
        }

        /** The server tells that it does not know either, when the time is up. One that says nothing would hold up the partition. */
        @Override
        public boolean isOverdue(long nowNanos) {
            return nowNanos - overdueNanos > 0;
        }

        @Override
        public void answered(Answer answer) {
            if (core.isClosed()) {
                answer.release();
            } else if (answer instanceof Answer.Produced produced) {
                patience.succeeded();
                pipeline.acknowledged(batch, produced.firstOffset());
                core.pumpAfterRead(RemotePartition.this);
            } else if (answer instanceof Answer.Failed failed) {
                pipeline.refused(batch, told(failed.error().toException()));
                core.pumpAfterRead(RemotePartition.this);
            }
        }

        @Override
        public void connectionLost() {
            // The pipeline hears of it once, for all its batches.
        }
    }

    // ---------------------------------------------------------------- reading

    @Override
    public Cursor read(From from, ReadOptions options) {
        checkOpen();
        if (from instanceof From.Timestamp time) {
            return new RemoteCursor(
                    this, options, find(Seek.TIMESTAMP, time.millis()).offset(), false);
        }
        Ends ends = ends();
        long end = RemoteCursor.visibleEnd(ends, options.visibility());
        if (from instanceof From.Start) {
            return new RemoteCursor(this, options, ends.start(), true);
        }
        if (from instanceof From.Offset at) {
            requireReadable(at.offset(), ends.start(), end);
            return new RemoteCursor(this, options, at.offset(), false);
        }
        return new RemoteCursor(this, options, end, false);
    }

    private void requireReadable(long offset, long start, long end) {
        if (offset < start) {
            throw new InvalidCallException(
                    ErrorCode.OFFSET_TRIMMED,
                    "offset is before the start of the log: partition=" + id + " offset=" + offset + " first=" + start);
        }
        if (offset > end) {
            throw new InvalidCallException(
                    ErrorCode.OFFSET_BEYOND_END,
                    "offset is beyond the end of the log: partition=" + id + " offset=" + offset + " end=" + end);
        }
    }

    /** Asks for frames, which the server may hold back for a while until there are so many. */
    CompletableFuture<Answer> fetch(long from, int maxBytes, int minBytes, long holdNanos, Durability visibility) {
        int holdMillis = (int) TimeUnit.NANOSECONDS.toMillis(holdNanos);
        int atLeast = holdNanos > 0 ? Math.max(1, holdMillis) : 0;
        return calls().start(
                        "fetch",
                        Answer.Fetched.class,
                        core.config().requestTimeout().toNanos() + holdNanos,
                        request -> new Request.Fetch(request, name, from, maxBytes, minBytes, atLeast, visibility));
    }

    @Override
    public CompletableFuture<Long> whenReadable(long offset) {
        CompletableFuture<Long> future = new CompletableFuture<>();
        WalException reason = end;
        if (reason != null) {
            future.completeExceptionally(ClientErrors.sameFor(reason, 0));
        } else {
            awaitReadable(offset, future);
        }
        return future;
    }

    /** Asks the server to answer when the offset can be read, again and again. Holds no thread. */
    private void awaitReadable(long offset, CompletableFuture<Long> future) {
        if (future.isDone()) {
            return;
        }
        var unused = fetch(Math.max(0, offset), 0, 1, HELD_NANOS, Durability.SYNCED)
                .whenComplete((answer, failure) -> {
                    if (answer instanceof Answer.Fetched fetched) {
                        answer.release();
                        if (fetched.head().ends().readable() <= offset) {
                            awaitReadable(offset, future);
                            return;
                        }
                    }
                    settle(future, answer, failure);
                });
    }

    private void settle(CompletableFuture<Long> future, @Nullable Answer answer, @Nullable Throwable failure) {
        WalException why = failure instanceof WalException error
                ? told(error)
                : ClientErrors.unreachable(server(), "fetch", failure);
        core.callbacks().execute(() -> {
            if (answer instanceof Answer.Fetched fetched) {
                future.complete(fetched.head().ends().readable());
            } else {
                future.completeExceptionally(why);
            }
        });
    }

    // ---------------------------------------------------------------- the rest

    private <A extends Answer> A ask(
            String what, Class<A> type, java.util.function.LongFunction<? extends Request> request) {
        checkOpen();
        try {
            return calls().ask(what, type, request);
        } catch (WalException e) {
            throw told(e);
        }
    }

    private Answer.Found find(Seek seek, long argument) {
        return ask("offsets", Answer.Found.class, request -> new Request.Offsets(request, name, seek, argument));
    }

    @Override
    public Ends ends() {
        return find(Seek.END, 0).ends();
    }

    @Override
    public long trimTo(long offset) {
        long wanted = Math.max(0, offset);
        return ask("trim", Answer.Trimmed.class, request -> new Request.Trim(request, name, wanted))
                .start();
    }

    @Override
    public Map<String, Long> checkpoints() {
        return ask("checkpoints", Answer.CheckpointsAre.class, request -> new Request.Checkpoints(request, name))
                .checkpoints();
    }

    @Override
    public void checkpoint(String checkpoint, long offset) {
        if (offset < 0) {
            throw new InvalidCallException(
                    ErrorCode.ARGUMENT_INVALID, "no such offset: partition=" + id + " offset=" + offset);
        }
        requireSendable(checkpoint);
        ask(
                "checkpoint",
                Answer.CheckpointSet.class,
                request -> new Request.SetCheckpoint(request, name, checkpoint, offset));
    }

    @Override
    public boolean removeCheckpoint(String checkpoint) {
        requireSendable(checkpoint);
        return ask(
                        "removeCheckpoint",
                        Answer.CheckpointRemoved.class,
                        request -> new Request.RemoveCheckpoint(request, name, checkpoint))
                .existed();
    }

    /** The server knows what a name is; this is only about what fits into a message. */
    private void requireSendable(String checkpoint) {
        if (checkpoint.length() > PartitionId.MAX_NAME_CHARS) {
            throw new InvalidCallException(
                    ErrorCode.NAME_INVALID,
                    "a checkpoint is called by 1 to 200 of [A-Za-z0-9._-]: partition=" + id + " length="
                            + checkpoint.length());
        }
    }

    /** The largest payload that a frame can have, whatever the server allows. */
    static int largestPayloadBytes() {
        return FrameCodec.MAX_PAYLOAD_BYTES;
    }
}
