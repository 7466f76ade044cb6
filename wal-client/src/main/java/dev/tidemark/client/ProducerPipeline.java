package dev.tidemark.client;

import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The batches of one partition that are on their way, in order, each under its sequence ({@code docs/adr/0016-client.md}). As long as the answers are offsets it only
 * counts: it sends up to {@code maxInFlight} batches and takes them out when they are answered.
 *
 * <p>Any other answer, and the loss of the connection, <em>stops the line</em>: nothing is sent until nothing is on the wire any more; only then is it decided, from
 * all the answers together, what is sent again under which sequence ({@link #restart}). That costs a round trip where something went wrong, and there is one
 * place where order and exactly-once are decided, instead of one for each order in which answers may come.
 *
 * <p><b>Threads.</b> The I/O thread.
 *
 * <p><b>Crash.</b> Nothing here is stored. What a client that dies has sent is in the log or not; its sequences are forgotten by the log in time.
 */
final class ProducerPipeline {

    /** Puts a batch on the wire of the connection there is, and answers later with one of the calls of this class. */
    interface Wire {
        /** Whether something can be sent now. */
        boolean isReady();

        /** Sends it under its epoch and sequence. */
        void send(AppendBatch batch, ProducerIdentity producer, long sequence);
    }

    private final PartitionId partition;
    private final AppendQueue queue;
    private final BufferRoom room;
    private final Callbacks callbacks;
    private final ByteBufAllocator allocator;

    private int maxInFlight;
    private ProducerIdentity producer;
    private long nextSequence;

    /** In the order of the queue; the sequences of those that are numbered rise. */
    private final ArrayDeque<AppendBatch> unanswered = new ArrayDeque<>();

    private int unansweredRecords;
    private Optional<Durability> newestDurability = Optional.empty();
    private int onTheWire;
    private long numbered;
    private boolean isStopped;

    /** The lowest sequence that a refused batch has left free since the line was stopped, or -1. */
    private long freeSequence = -1;
    /** Whether no copy of anything that is not in the log can still be on its way under a sequence that became free. */
    private boolean isFreeSequenceClean = true;
    /** Whether the log does not know this producer, or not this far: only a new epoch can go on. */
    private boolean isEpochSpent;
    /** Whether the outcome of a batch is unknown of which copies may be on their way: they could fill a gap behind our back. */
    private boolean isGapUncertain;
    /** Whether the server has asked for patience, so that the line is started again only after a pause. */
    private boolean isPauseDue;
    /** Why nothing is appended here any more. */
    private @Nullable WalException end;

    ProducerPipeline(
            PartitionId partition,
            AppendQueue queue,
            BufferRoom room,
            Callbacks callbacks,
            ByteBufAllocator allocator,
            int maxInFlight,
            ProducerIdentity producer) {
        this.partition = partition;
        this.queue = queue;
        this.room = room;
        this.callbacks = callbacks;
        this.allocator = allocator;
        this.maxInFlight = maxInFlight;
        this.producer = producer;
    }

    /** The server remembers fewer appends of a producer than we would send. */
    void limitInFlight(int window) {
        maxInFlight = Math.max(1, Math.min(maxInFlight, window));
    }

    boolean isIdle() {
        return unanswered.isEmpty() && queue.isEmpty();
    }

    int unanswered() {
        return unanswered.size();
    }

    /** Whether the line is stopped and waits to be started again. */
    boolean isWaitingToRestart() {
        return isStopped && onTheWire == 0;
    }

    /** Whether to wait a moment before {@link #restart}. */
    boolean isPauseDue() {
        return isPauseDue;
    }

    ProducerIdentity producer() {
        return producer;
    }

    // ---------------------------------------------------------------- sending

    /**
     * Sends what can be sent now.
     *
     * <p>While batches are unanswered, one that gathers is sent when it has as many records as they have together, or some tens of kilobytes; else it waits for an answer. So what many
     * callers append that wait for each other's answers goes in two or three messages in turns, not in one for each caller: each costs both sides as much as a good many
     * records. A lone caller waits for nothing, and few wait for a moment at most.
     */
    void pump(Wire wire, long nowNanos) {
        queue.beginTaking();
        if (end != null) {
            abandonAll(end);
            return;
        }
        while (!isStopped && wire.isReady() && hasPlace()) {
            AppendBatch batch = queue.take(nowNanos, Math.max(1, unansweredRecords), newestDurability);
            if (batch == null) {
                return;
            }
            if (!batch.seal(allocator)) {
                free(batch);
                continue;
            }
            number(batch);
            unanswered.add(batch);
            unansweredRecords += batch.count();
            newestDurability = batch.durability();
            send(batch, wire);
        }
        // An answer, a connection, or the start of the line comes back here.
        queue.tellNothing();
    }

    /**
     * Whether another batch may be sent. The log recognises only the newest few of a producer, so it is not enough that few are unanswered: not many may have been
     * sent since the oldest of them.
     */
    private boolean hasPlace() {
        AppendBatch oldest = unanswered.peek();
        return oldest == null || numbered - oldest.number < maxInFlight;
    }

    private void number(AppendBatch batch) {
        batch.attempts = 0;
        batch.isAbsent = false;
        batch.isBehindGap = false;
        batch.number = numbered++;
        if (batch.isNumbered()) {
            batch.producer = producer;
            batch.sequence = nextSequence;
            nextSequence += batch.count();
        }
    }

    private void send(AppendBatch batch, Wire wire) {
        batch.attempts++;
        batch.isOnTheWire = true;
        onTheWire++;
        ProducerIdentity own = batch.producer;
        if (own != null) {
            wire.send(batch, own, batch.sequence);
        } else {
            wire.send(batch, batch.callersProducer().orElseThrow(), batch.callersSequence());
        }
    }

    // ---------------------------------------------------------------- answers

    /** It is in the log, as durable as it asked for. */
    void acknowledged(AppendBatch batch, long firstOffset) {
        leaveWire(batch);
        if (batch.isNumbered() && freeSequence >= 0 && batch.sequence > freeSequence) {
            // It cannot be behind a gap. Whatever this server does, the next epoch begins on firm ground.
            isFreeSequenceClean = false;
        }
        if (batch.isNumbered() && isStopped) {
            // What was numbered before it in this epoch is there, too, whatever was said of it earlier: a copy has
            // brought it.
            for (AppendBatch other : unanswered) {
                if (other.isNumbered() && other.sequence < batch.sequence && other.isOfEpochOf(batch)) {
                    other.isBehindGap = false;
                }
            }
        }
        batch.succeed(firstOffset, callbacks);
        remove(batch);
    }

    /** The log has said something else. */
    void refused(AppendBatch batch, WalException why) {
        leaveWire(batch);
        if (!batch.isNumbered()) {
            refusedOfCaller(batch, why);
            return;
        }
        if (why instanceof OutcomeUnknownException) {
            // It goes on in the log; its sequences are used up.
            isGapUncertain |= batch.attempts > 1;
            tell(batch, why);
            return;
        }
        switch (why.code()) {
            case SEQUENCE_GAP -> {
                batch.isBehindGap = true;
                stop();
            }
            case PRODUCER_UNKNOWN -> {
                stop();
                if (isBehindFirstOfItsEpoch(batch)) {
                    // The log cannot know the producer before it has that one: a gap like any other.
                    batch.isBehindGap = true;
                    return;
                }
                isEpochSpent = true;
                if (batch.attempts == 1) {
                    batch.isAbsent = true;
                } else {
                    isGapUncertain = true;
                    tell(batch, ClientErrors.unknownBecause(why));
                }
            }
            case SEQUENCE_FORGOTTEN, SEQUENCE_MISMATCH -> {
                // In the log, as it seems, but nobody can say where.
                stop();
                tell(batch, ClientErrors.unknownBecause(why));
            }
            case PRODUCER_FENCED, PARTITION_DELETED -> end(batch, why);
            default -> refusedForNow(batch, why);
        }
    }

    private boolean isBehindFirstOfItsEpoch(AppendBatch batch) {
        for (AppendBatch other : unanswered) {
            if (other.isNumbered()) {
                return other != batch && other.sequence == 0 && other.isOfEpochOf(batch);
            }
        }
        return false;
    }

    private void refusedForNow(AppendBatch batch, WalException why) {
        stop();
        boolean isCertain = batch.attempts == 1 || isCertain(why.code());
        if (isTemporary(why.code()) || !isCertain) {
            // Sent again under the same sequence: the log tells whether an earlier copy got in.
            isPauseDue = true;
            return;
        }
        if (freeSequence < 0 || batch.sequence < freeSequence) {
            freeSequence = batch.sequence;
        }
        isFreeSequenceClean &= batch.attempts == 1;
        tell(batch, why);
    }

    /** What concerns the server, and passes. */
    private static boolean isTemporary(ErrorCode code) {
        return switch (code) {
            case SERVER_STARTING, SERVER_STOPPING, SERVER_BUSY, STORE_CLOSED, PARTITION_CLOSED, LOCK_TIMEOUT -> true;
            default -> false;
        };
    }

    /** What no copy of the same batch can have been spared. */
    private static boolean isCertain(ErrorCode code) {
        return switch (code) {
            case OFFSET_MISMATCH, APPEND_TOO_LARGE, CHECKSUM_MISMATCH -> true;
            default -> false;
        };
    }

    private void refusedOfCaller(AppendBatch batch, WalException why) {
        if (isTemporary(why.code())) {
            isPauseDue = true;
            stop();
            return;
        }
        if (why.code() == ErrorCode.PARTITION_DELETED) {
            end(batch, why);
            return;
        }
        // Under the caller's own sequence, so the caller can find out, and goes on from there.
        boolean mayBeThere = batch.attempts > 1
                && why instanceof AppendRefusedException
                && !isCertain(why.code())
                && why.code() != ErrorCode.SEQUENCE_GAP;
        tell(batch, mayBeThere ? ClientErrors.unknownBecause(why) : why);
    }

    private void end(AppendBatch batch, WalException why) {
        end = why;
        queue.closeIntake(why);
        tell(batch, batch.attempts > 1 ? ClientErrors.unknownBecause(why) : why);
        abandonAll(why);
    }

    /** All that is left here ends with the reason for which nothing can be appended any more; what is on the wire is answered first. */
    private void abandonAll(WalException why) {
        for (AppendBatch batch : queue.close(why)) {
            batch.fail(why, callbacks);
            free(batch);
        }
        for (AppendBatch batch : List.copyOf(unanswered)) {
            if (!batch.isOnTheWire) {
                tell(batch, batch.attempts > 1 && !batch.isAbsent ? ClientErrors.unknownBecause(why) : why);
            }
        }
    }

    private void tell(AppendBatch batch, WalException why) {
        batch.fail(why, callbacks);
        remove(batch);
    }

    private void leaveWire(AppendBatch batch) {
        assert batch.isOnTheWire;
        batch.isOnTheWire = false;
        onTheWire--;
    }

    private void remove(AppendBatch batch) {
        boolean isFirst = unanswered.peek() == batch;
        if (isFirst) {
            unanswered.poll();
        } else {
            unanswered.remove(batch);
        }
        unansweredRecords -= batch.count();
        assert unansweredRecords >= 0 : unansweredRecords;
        free(batch);
    }

    private void free(AppendBatch batch) {
        long bytes = batch.chargedBytes();
        batch.release();
        room.give(bytes);
    }

    // ---------------------------------------------------------------- stopping and starting the line

    private void stop() {
        isStopped = true;
    }

    /** The connection is gone: nothing that is on the wire will be answered. */
    void connectionLost() {
        for (AppendBatch batch : unanswered) {
            if (batch.isOnTheWire) {
                leaveWire(batch);
            }
        }
        if (!unanswered.isEmpty()) {
            stop();
        }
        // Copies may be in the server's hands still, under sequences that must not be given to others.
        isFreeSequenceClean = false;
        if (end != null) {
            abandonAll(end);
        }
    }

    /** Nothing is on the wire: decides what is sent again, and how, and sends it. Call only when {@link #isWaitingToRestart()}. */
    void restart(Wire wire, long nowNanos) {
        assert isWaitingToRestart();
        if (!wire.isReady()) {
            return;
        }
        isPauseDue = false;
        if (end == null) {
            markAbsent();
            if (!isNewEpochNeeded()) {
                useFreeSequences();
                isStopped = false;
            } else if (!isAnyUncertain()) {
                beginEpoch();
                isStopped = false;
            }
            // Else what is uncertain is sent again first, alone, in its old epoch: the new one would shut it out.
        }
        for (AppendBatch batch : List.copyOf(unanswered)) {
            if (!batch.isAbsent) {
                send(batch, wire);
            }
        }
        if (unanswered.isEmpty()) {
            isStopped = false;
        }
        pump(wire, nowNanos);
    }

    /**
     * Whatever is behind a batch that the log does not have, it does not have either. A gap in front of one that follows others says nothing: those are sent again,
     * or an earlier copy brings them, and then it follows in its place.
     */
    private void markAbsent() {
        boolean isBehind = false;
        boolean isHead = true;
        for (AppendBatch batch : unanswered) {
            if (!batch.isNumbered()) {
                continue;
            }
            isBehind |= freeSequence >= 0 && batch.sequence > freeSequence;
            isBehind |= batch.isAbsent || (batch.isBehindGap && isHead);
            batch.isAbsent = isBehind;
            batch.isBehindGap = false;
            isHead = false;
        }
    }

    private boolean isNewEpochNeeded() {
        if (isEpochSpent) {
            return true;
        }
        if (freeSequence >= 0 && !isFreeSequenceClean) {
            return true;
        }
        for (AppendBatch batch : unanswered) {
            if (batch.isAbsent && (freeSequence < 0 || batch.attempts > 1)) {
                return true;
            }
        }
        return false;
    }

    private boolean isAnyUncertain() {
        for (AppendBatch batch : unanswered) {
            if (batch.isNumbered() && !batch.isAbsent) {
                return true;
            }
        }
        return false;
    }

    private void useFreeSequences() {
        if (freeSequence >= 0) {
            nextSequence = freeSequence;
            numberAbsent();
        }
        forgetWhatWasRefused();
    }

    private void beginEpoch() {
        if (isGapUncertain) {
            for (AppendBatch batch : List.copyOf(unanswered)) {
                if (batch.isAbsent && batch.attempts > 1) {
                    tell(batch, ClientErrors.gapMayBeFilled(partition));
                }
            }
            isGapUncertain = false;
        }
        producer = producer.next();
        nextSequence = 0;
        numberAbsent();
        forgetWhatWasRefused();
    }

    private void numberAbsent() {
        for (AppendBatch batch : unanswered) {
            if (batch.isAbsent) {
                number(batch);
            }
        }
    }

    private void forgetWhatWasRefused() {
        freeSequence = -1;
        isFreeSequenceClean = true;
        isEpochSpent = false;
    }

    // ---------------------------------------------------------------- deadlines and the end

    /** Tells everybody whose time is up. */
    void expire(long nowNanos, String server, boolean isConnected) {
        for (PendingAppend member : queue.expired(nowNanos)) {
            member.withdraw(ClientErrors.neverSent(partition, server, isConnected), callbacks);
        }
        for (AppendBatch batch : queue.removeAbandoned()) {
            free(batch);
        }
        for (AppendBatch batch : unanswered) {
            for (PendingAppend member : batch.members()) {
                if (!member.isSettled() && nowNanos - member.deadlineNanos >= 0) {
                    member.giveUp(ClientErrors.deadlinePassed(partition), callbacks);
                }
            }
        }
    }

    /** The client has ended: nothing is sent or answered any more. */
    void close() {
        for (AppendBatch batch : queue.close(ClientErrors.closed(partition))) {
            batch.fail(ClientErrors.closed(partition), callbacks);
            free(batch);
        }
        for (Iterator<AppendBatch> each = unanswered.iterator(); each.hasNext(); ) {
            AppendBatch batch = each.next();
            batch.fail(ClientErrors.closedBeforeAnswer(partition), callbacks);
            each.remove();
            free(batch);
        }
        unansweredRecords = 0;
        onTheWire = 0;
    }
}
