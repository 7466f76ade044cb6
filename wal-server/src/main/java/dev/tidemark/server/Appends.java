package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageKind;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Appended;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The appends of one connection: into the log at once where that is possible, else in a queue for each partition, so that those of one partition stay in their order. Nothing here
 * waits: an append that the log cannot take at once is tried again in the next turns of the loop, then by a timer, and meanwhile the connection is not read on.
 *
 * <p><b>Threads.</b> The connection's event loop. The log's own threads tell outcomes to the {@link Outbox}.
 *
 * <p><b>Crash.</b> A connection that ends takes what is queued here with it: it was not appended and not acknowledged. What the log has accepted goes on without it; the client asks again, with
 * the same sequence, and is told what became of it.
 */
final class Appends {
    /** So often it is tried again in the next turn of the loop: mostly somebody just had the partition's lock, which is held for microseconds. */
    private static final int SOON = 8;

    private static final long RETRY_MILLIS = 1;
    private static final long SWEEP_MILLIS = 100;

    private final Connection connection;
    private final Services services;
    private final Services.Serving serving;
    private final EventLoop loop;
    private final Audit.Who who;
    private final Durability defaultDurability;
    private final long defaultTimeoutMillis;
    private final Map<PartitionName, Lane> lanes = new HashMap<>();
    private final ArrayDeque<Accepted> accepted = new ArrayDeque<>();

    private boolean isSweepPlanned;
    private boolean isClosed;

    /** One that is in the log, or on its way there. */
    private record Accepted(Ticket ticket, PartitionName partition, long offset, long deadlineNanos) {}

    /** One that is not accepted yet; its payload is to be released. */
    private record Waiting(Ticket ticket, Request.Produce produce, long deadlineNanos) {}

    /** The appends of one partition that wait; it is there while there are some. */
    private static final class Lane {
        final PartitionName name;
        final ArrayDeque<Waiting> queue = new ArrayDeque<>();
        /** How often the first was tried in vain. */
        int refusals;

        Lane(PartitionName name) {
            this.name = name;
        }
    }

    Appends(Connection connection, Services services, Services.Serving serving, EventLoop loop, Audit.Who who) {
        this.who = who;
        this.connection = connection;
        this.services = services;
        this.serving = serving;
        this.loop = loop;
        defaultDurability = serving.wal().config().defaultDurability();
        defaultTimeoutMillis = serving.wal().config().appendTimeout().toMillis();
    }

    /** Takes over the request's reference of its payload. */
    void add(Ticket ticket, Request.Produce produce) {
        long timeoutMillis =
                produce.timeoutMillis() == Protocol.DEFAULT_TIMEOUT ? defaultTimeoutMillis : produce.timeoutMillis();
        Waiting append = new Waiting(ticket, produce, System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis));
        Lane lane = lanes.get(produce.partition());
        if (lane != null) {
            lane.queue.add(append);
            return;
        }
        Lane made = new Lane(produce.partition());
        made.queue.add(append);
        advance(made);
        if (!made.queue.isEmpty()) {
            lanes.put(made.name, made);
            connection.pauses().set(Pauses.Reason.APPEND, true);
        }
    }

    // ---------------------------------------------------------------- into the log

    /** As many as the log takes now; plans what is to happen when some are left. */
    private void advance(Lane lane) {
        while (!lane.queue.isEmpty()) {
            Waiting head = lane.queue.element();
            Outcome outcome = offer(head);
            if (outcome == Outcome.NO_PARTITION) {
                find(lane, head);
                return;
            }
            if (outcome == Outcome.NO_ROOM) {
                if (head.deadlineNanos - System.nanoTime() > 0) {
                    plan(lane);
                    return;
                }
                refuse(
                        head,
                        new AppendRefusedException(
                                ErrorCode.APPEND_REJECTED, "append queue stayed full: partition=" + name(head)));
            }
            lane.queue.remove();
            lane.refusals = 0;
            head.produce.release();
        }
    }

    /** What has become of one attempt. */
    private enum Outcome {
        /** It is accepted, or refused: there is nothing to wait for. */
        DONE,
        NO_ROOM,
        NO_PARTITION
    }

    private Outcome offer(Waiting append) {
        PartitionName name = append.produce.partition();
        @Nullable LocalPartition partition = null;
        try {
            partition = serving.handles().known(name);
            if (partition == null) {
                return Outcome.NO_PARTITION;
            }
            Appended appended = partition.tryEnqueue(request(append.produce)).orElse(null);
            if (appended == null) {
                return Outcome.NO_ROOM;
            }
            accepted(append, appended);
        } catch (WalException e) {
            if (partition != null && serving.handles().isStale(e, name, partition)) {
                return Outcome.NO_PARTITION;
            }
            refuse(append, e);
        } catch (RuntimeException e) {
            refuse(append, e);
        }
        return Outcome.DONE;
    }

    private static AppendRequest request(Request.Produce produce) {
        AppendRequest request = switch (produce.shape()) {
            case VALUE -> AppendRequest.of(produce.payload()).withChecksum(produce.payloadCrc());
            case RECORDS -> AppendRequest.encodedRecords(produce.payload(), produce.count(), produce.payloadCrc());
            case OPAQUE ->
                AppendRequest.opaque(produce.payload(), produce.count()).withChecksum(produce.payloadCrc());
        };
        if (produce.durability().isPresent()) {
            request = request.withDurability(produce.durability().get());
        }
        if (produce.expectedOffset().isPresent()) {
            request = request.withExpectedOffset(produce.expectedOffset().getAsLong());
        }
        if (produce.producer().isPresent()) {
            ProducerSequence own = produce.producer().get();
            request = request.withProducer(new ProducerIdentity(own.producer(), own.epoch()), own.first());
        }
        return request;
    }

    private void accepted(Waiting append, Appended appended) {
        Ticket ticket = append.ticket;
        Durability durability = append.produce.durability().orElse(defaultDurability);
        if (durability == Durability.ACCEPTED) {
            connection.outbox().answer(ticket, new Answer.Produced(ticket.id, appended.offset()));
            return;
        }
        accepted.add(new Accepted(ticket, append.produce.partition(), appended.offset(), append.deadlineNanos));
        planSweep();
        CompletionStage<Long> stage = durability == Durability.WRITTEN ? appended.written() : appended.durable();
        Outbox outbox = connection.outbox();
        var unused = stage.whenComplete((offset, failure) -> outbox.answer(
                ticket, failure == null ? new Answer.Produced(ticket.id, offset) : Outbox.failed(ticket.id, failure)));
    }

    private void refuse(Waiting append, Throwable why) {
        connection.outbox().answer(append.ticket, Outbox.failed(append.ticket.id, why));
    }

    private static String name(Waiting append) {
        return append.produce.partition().name()
                + '-'
                + append.produce.partition().number();
    }

    // ---------------------------------------------------------------- later

    private void plan(Lane lane) {
        if (lane.refusals < SOON) {
            lane.refusals++;
            loop.execute(() -> goOn(lane));
        } else {
            var unused = loop.schedule(() -> goOn(lane), RETRY_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    private void goOn(Lane lane) {
        if (isClosed) {
            return;
        }
        advance(lane);
        if (lane.queue.isEmpty() && lanes.remove(lane.name, lane) && lanes.isEmpty()) {
            connection.pauses().set(Pauses.Reason.APPEND, false);
        }
    }

    /** Finds or makes the partition of the first in the queue; where that fails, that one fails, and the next tries for itself. */
    private void find(Lane lane, Waiting head) {
        Request.Produce produce = head.produce;
        boolean isSubmitted = services.files.submit(() -> {
            Throwable failure = null;
            try {
                LocalPartition found = serving.handles()
                        .find(
                                produce.partition(),
                                produce.mayCreate(),
                                () -> services.audit.changed(
                                        MessageKind.CREATE.name(), who, produce.partition(), Administration.DONE));
                assert found.id().equals(produce.partition().toId());
            } catch (RuntimeException | Error e) {
                failure = e;
                if (e instanceof WalException told && told.code() == ErrorCode.PARTITIONS_FULL) {
                    services.audit.refused(MessageKind.CREATE.name(), told.code(), who, produce.partition());
                }
            }
            found(lane, head, failure);
        });
        if (!isSubmitted) {
            failHead(lane, head, services.files.refusal());
            plan(lane);
        }
    }

    private void found(Lane lane, Waiting head, @Nullable Throwable failure) {
        try {
            loop.execute(() -> {
                if (failure != null) {
                    failHead(lane, head, failure);
                }
                goOn(lane);
            });
        } catch (RejectedExecutionException e) {
            // The loops have ended, and this connection before them.
            assert isClosed;
        }
    }

    private void failHead(Lane lane, Waiting head, Throwable failure) {
        Waiting first = lane.queue.peek();
        if (!isClosed && first != null && first.ticket == head.ticket) {
            lane.queue.remove();
            refuse(head, failure);
            head.produce.release();
        }
    }

    // ---------------------------------------------------------------- deadlines

    private void planSweep() {
        if (!isSweepPlanned) {
            isSweepPlanned = true;
            var unused = loop.schedule(this::sweep, SWEEP_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Those that were answered are forgotten; those whose time is up are told that their outcome is not known. */
    private void sweep() {
        isSweepPlanned = false;
        if (isClosed) {
            return;
        }
        long now = System.nanoTime();
        accepted.removeIf(append -> {
            if (!append.ticket.isAnswered() && append.deadlineNanos - now <= 0) {
                connection
                        .outbox()
                        .answer(
                                append.ticket,
                                Outbox.failed(
                                        append.ticket.id,
                                        new OutcomeUnknownException(
                                                ErrorCode.WAIT_TIMEOUT,
                                                "the append is on its way and was not done by its deadline: partition="
                                                        + append.partition.name() + '-' + append.partition.number()
                                                        + " offset=" + append.offset,
                                                append.offset,
                                                null)));
                return true;
            }
            return append.ticket.isAnswered();
        });
        if (!accepted.isEmpty()) {
            planSweep();
        }
    }

    // ---------------------------------------------------------------- the end

    /** The server stops: what is not accepted is refused, what is accepted is answered. */
    void stop(WalException why) {
        for (Lane lane : lanes.values()) {
            for (Waiting append : lane.queue) {
                refuse(append, why);
                append.produce.release();
            }
            lane.queue.clear();
        }
        lanes.clear();
        connection.pauses().set(Pauses.Reason.APPEND, false);
    }

    /** The connection is gone. */
    void close() {
        isClosed = true;
        for (Lane lane : lanes.values()) {
            lane.queue.forEach(append -> append.produce.release());
            lane.queue.clear();
        }
        lanes.clear();
        accepted.clear();
    }
}
