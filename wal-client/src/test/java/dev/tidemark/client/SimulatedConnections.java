package dev.tidemark.client;

import dev.tidemark.client.protocol.Shape;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import dev.tidemark.wal.format.RecordsReader;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Connections between a pipeline and a {@link ModelLog}, step by step: requests of a connection arrive in order, also after it was cut as far as they were on their
 * way; answers come in any order, or never.
 */
final class SimulatedConnections implements ProducerPipeline.Wire {
    private record Sent(AppendBatch batch, ProducerIdentity producer, long sequence, List<Integer> values) {}

    private record Answer(
            AppendBatch batch, long offset, @Nullable WalException failure) {}

    private final ModelLog log;
    private final SplittableRandom random;
    private ProducerPipeline pipeline;
    private ArrayDeque<Sent> present = new ArrayDeque<>();
    private final List<Answer> answers = new ArrayList<>();
    /** Requests of connections that were cut, and still are in the server's hands: one queue each. */
    private final List<ArrayDeque<Sent>> stale = new ArrayList<>();

    private boolean isConnected = true;
    double refusals;
    double crashes;

    SimulatedConnections(ModelLog log, SplittableRandom random) {
        this.log = log;
        this.random = random;
    }

    void use(ProducerPipeline newPipeline) {
        pipeline = newPipeline;
    }

    boolean hasWork() {
        return !present.isEmpty() || !answers.isEmpty();
    }

    @Override
    public boolean isReady() {
        return isConnected;
    }

    @Override
    public void send(AppendBatch batch, ProducerIdentity producer, long sequence) {
        present.add(new Sent(batch, producer, sequence, valuesOf(batch)));
    }

    private static List<Integer> valuesOf(AppendBatch batch) {
        ByteBuffer payload = batch.payload().nioBuffer();
        List<Integer> values = new ArrayList<>();
        if (batch.shape() == Shape.VALUE) {
            values.add(payload.getInt());
            return values;
        }
        RecordsReader records = new RecordsReader();
        records.open(payload, 0, payload.remaining(), batch.count());
        while (records.next()) {
            values.add(ByteBuffer.wrap(records.value()).getInt());
        }
        if (records.isMalformed() || values.size() != batch.count()) {
            throw new AssertionError("batch is malformed: " + records.problem());
        }
        return values;
    }

    /** The server takes the next request of the connection there is. */
    void arrive() {
        Sent next = present.poll();
        if (next == null) {
            return;
        }
        WalException refusal = random.nextDouble() < refusals ? refusal() : null;
        if (refusal != null) {
            answers.add(new Answer(next.batch, -1, refusal));
            return;
        }
        try {
            answers.add(new Answer(next.batch, log.append(next.producer, next.sequence, next.values), null));
        } catch (WalException e) {
            answers.add(new Answer(next.batch, -1, e));
        }
    }

    private WalException refusal() {
        return switch (random.nextInt(4)) {
            case 0 -> new UnavailableException(ErrorCode.SERVER_BUSY, "model");
            case 1 -> new AppendRefusedException(ErrorCode.STORAGE_FULL, "model");
            case 2 -> new UnavailableException(ErrorCode.SERVER_STOPPING, "model");
            default -> new AppendRefusedException(ErrorCode.APPEND_REJECTED, "model");
        };
    }

    /** What a server still had of a connection that was cut reaches the log, and nobody hears the answer. */
    void arriveStale() {
        stale.removeIf(ArrayDeque::isEmpty);
        if (stale.isEmpty()) {
            return;
        }
        Sent next = stale.get(random.nextInt(stale.size())).remove();
        try {
            log.append(next.producer, next.sequence, next.values);
        } catch (WalException e) {
            // The log tells; nobody is there.
            stale.removeIf(ArrayDeque::isEmpty);
        }
    }

    /** An answer reaches the client, of several any. What was answered is durable. */
    void answer() {
        if (answers.isEmpty()) {
            return;
        }
        Answer next = answers.remove(random.nextInt(answers.size()));
        if (next.failure == null) {
            log.sync();
            pipeline.acknowledged(next.batch, next.offset);
        } else {
            pipeline.refused(next.batch, next.failure);
        }
    }

    /** Only the answer to the very first request stays away. */
    void answerAllButTheFirst() {
        while (answers.size() > 1) {
            Answer next = answers.remove(1);
            log.sync();
            pipeline.acknowledged(next.batch, next.offset);
        }
    }

    void cut() {
        if (!isConnected) {
            return;
        }
        isConnected = false;
        // What was on its way reaches the server up to some place.
        int arriving = present.isEmpty() ? 0 : random.nextInt(present.size() + 1);
        ArrayDeque<Sent> rest = new ArrayDeque<>();
        for (int i = 0; i < arriving; i++) {
            rest.add(present.remove());
        }
        stale.add(rest);
        present = new ArrayDeque<>();
        answers.clear();
        if (random.nextDouble() < crashes) {
            // The process behind it died: nothing of it is left, and what was not durable is gone.
            stale.clear();
            log.crash();
        }
        pipeline.connectionLost();
    }

    void connect() {
        isConnected = true;
    }
}
