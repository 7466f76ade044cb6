package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageEncoder;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.LocalPartition;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The fetches and subscriptions of one connection. They take turns: a read for one of them, then the next. A turn begins only while less waits to be written than the connection may have, so a
 * client that does not take its frames costs no more than that, and no thread.
 *
 * <p><b>Threads.</b> The connection's event loop; reads run on the reading pool, waits for an append cost no thread.
 *
 * <p><b>Crash.</b> Nothing here outlives the connection. Segments that are held for frames on their way are let go when these are written, or the connection is gone.
 */
final class Reads {
    /** So many reads of one connection at a time: one is read while another is written. */
    private static final int MAX_RUNNING = 2;

    private final Connection connection;
    private final Services services;
    private final Handles handles;
    private final ChannelHandlerContext context;
    private final int messageLimit;
    private final ArrayDeque<Reader> ready = new ArrayDeque<>();
    private final Map<Long, Reader.Subscription> subscriptions = new HashMap<>();
    private final Set<Reader.Fetch> waiting = new HashSet<>();

    private int running;
    private long outboundBytes;
    private boolean isClosed;
    /** Set when nobody is to wait for an append any more. */
    private @Nullable WalException stopping;

    Reads(
            Connection connection,
            Services services,
            Services.Serving serving,
            ChannelHandlerContext context,
            int messageLimit) {
        this.connection = connection;
        this.services = services;
        this.handles = serving.handles();
        this.context = context;
        this.messageLimit = messageLimit;
    }

    // ---------------------------------------------------------------- requests

    void fetch(Ticket ticket, Request.Fetch request) {
        Reader.Fetch fetch = new Reader.Fetch(ticket, request);
        if (!fetch.isLast) {
            fetch.timer =
                    context.executor().schedule(() -> timeIsUp(fetch), request.maxWaitMillis(), TimeUnit.MILLISECONDS);
        }
        ready.add(fetch);
        goOn();
    }

    void subscribe(Ticket ticket, Request.Subscribe request) {
        if (subscriptions.containsKey(request.id()) || subscriptions.size() >= services.config.maxSubscriptions()) {
            services.meters.refused(ServerMeters.Limit.SUBSCRIPTIONS);
            connection.outbox().answer(ticket, Outbox.failed(ticket.id, tooMany(request.id())));
            return;
        }
        Reader.Subscription subscription = new Reader.Subscription(request);
        subscriptions.put(request.id(), subscription);
        services.meters.subscriptions().incrementAndGet();
        PartitionName name = request.partition();
        boolean isSubmitted = services.reads.submit(() -> {
            Begun begun;
            try {
                begun = handles.with(name, false, partition -> begin(partition, subscription));
            } catch (RuntimeException | Error e) {
                onLoop(() -> {
                    connection.outbox().answer(ticket, Outbox.failed(ticket.id, e));
                    end(subscription);
                });
                return;
            }
            onLoop(() -> {
                connection.outbox().answer(ticket, new Answer.Subscribed(ticket.id, begun.ends()));
                // From here on this one, and no other that may get its name.
                subscription.partition = name.only(begun.incarnation());
                subscription.isBusy = false;
                push(subscription);
            });
        });
        if (!isSubmitted) {
            connection.outbox().answer(ticket, Outbox.failed(ticket.id, services.reads.busy()));
            end(subscription);
        }
    }

    /** Finds out whether there is such a place, as a cursor does when it is opened. */
    private static Begun begin(LocalPartition partition, Reader.Subscription subscription) {
        partition.slices(subscription.from, 1, subscription.visibility).close();
        return new Begun(partition.incarnation(), partition.ends());
    }

    /** What a subscription learns of its partition. */
    private record Begun(long incarnation, Ends ends) {}

    private InvalidCallException tooMany(long id) {
        return new InvalidCallException(
                ErrorCode.ARGUMENT_INVALID,
                "the id is that of another subscription, or there are too many: id=" + Long.toUnsignedString(id)
                        + " subscriptions=" + subscriptions.size() + " limit=" + services.config.maxSubscriptions());
    }

    void credit(Request.Credit request) {
        Reader.Subscription subscription = subscriptions.get(request.id());
        if (subscription != null) {
            subscription.credit = Math.min(Long.MAX_VALUE / 2, subscription.credit + request.bytes());
            push(subscription);
        }
    }

    boolean unsubscribe(long id) {
        Reader.Subscription subscription = subscriptions.get(id);
        if (subscription != null) {
            end(subscription);
        }
        return subscription != null;
    }

    private void end(Reader.Subscription subscription) {
        subscription.isOver = true;
        subscription.cancelWait();
        if (subscriptions.remove(subscription.id, subscription)) {
            services.meters.subscriptions().decrementAndGet();
        }
    }

    private void push(Reader.Subscription subscription) {
        if (!subscription.isBusy && subscription.credit > 0 && !subscription.isOver) {
            subscription.isBusy = true;
            ready.add(subscription);
            goOn();
        }
    }

    // ---------------------------------------------------------------- turns

    /** Begins as many reads as may run now. */
    void goOn() {
        while (!isClosed && running < MAX_RUNNING && hasRoom()) {
            Reader next = ready.poll();
            if (next == null) {
                return;
            }
            if (!next.isOver) {
                begin(next);
            }
        }
    }

    /** What one connection may have; and when all together have too much, only one read at a time, so that each gets on. */
    private boolean hasRoom() {
        return outboundBytes == 0 || (outboundBytes < services.config.maxOutboundBytes() && !services.isOutboundFull());
    }

    private void begin(Reader reader) {
        long from = reader.from;
        int minBytes = reader.minBytes();
        PartitionName name = reader.partition;
        if (reader instanceof Reader.Fetch fetch) {
            fetch.begunWithMinBytes = minBytes;
        }
        int maxBytes = Frames.limit(messageLimit, Math.min(reader.maxBytes, services.config.maxFetchBytes()));
        // What is larger goes from the file, and takes no memory.
        int copiedBytes = Math.min(maxBytes, services.config.zeroCopyBytes());
        running++;
        outboundBytes += maxBytes;
        services.copiedBytes.addAndGet(copiedBytes);
        boolean isSubmitted = services.reads.submit(() -> {
            Frames frames = null;
            Throwable failure = null;
            try {
                frames = handles.with(
                        name,
                        false,
                        partition -> Frames.read(
                                partition,
                                reader,
                                from,
                                Math.min(minBytes, maxBytes),
                                maxBytes,
                                messageLimit,
                                services,
                                context.alloc()));
            } catch (RuntimeException | Error e) {
                failure = e;
            }
            readBy(reader, frames, new Reserved(maxBytes, copiedBytes), failure);
        });
        if (!isSubmitted) {
            running--;
            outboundBytes -= maxBytes;
            services.copiedBytes.addAndGet(-copiedBytes);
            fail(reader, services.reads.busy());
        }
    }

    /** What a read that is under way may bring. */
    private record Reserved(int bytes, int copiedBytes) {}

    private void readBy(Reader reader, @Nullable Frames frames, Reserved reserved, @Nullable Throwable failure) {
        services.copiedBytes.addAndGet(-reserved.copiedBytes);
        boolean isHandedOn = onLoop(() -> {
            running--;
            outboundBytes -= reserved.bytes;
            if (isClosed && reader instanceof Reader.Fetch fetch) {
                over(fetch);
            }
            if (frames == null) {
                fail(reader, failure == null ? new IllegalStateException("no frames and no failure") : failure);
            } else if (isClosed || reader.isOver) {
                frames.release();
            } else if (frames.isEmpty()) {
                nothingFor(reader, frames);
            } else {
                send(reader, frames);
            }
            goOn();
        });
        if (!isHandedOn && frames != null) {
            frames.release();
        }
    }

    private void send(Reader reader, Frames frames) {
        // What was answered before goes before.
        connection.outbox().writeAll();
        if (reader instanceof Reader.Fetch fetch) {
            over(fetch);
            if (!connection.settle(fetch.ticket)) {
                frames.release();
                return;
            }
        }
        int bytes = frames.bytes;
        ByteBuf head = MessageEncoder.head(context.alloc(), reader.message(frames.head), bytes);
        int copiedBytes = frames.isFromFile() ? 0 : bytes;
        outboundBytes += bytes;
        services.copiedBytes.addAndGet(copiedBytes);
        services.meters.frames(bytes, frames.isFromFile());
        connection.write(head);
        context.write(frames.body()).addListener(written -> {
            outboundBytes -= bytes;
            services.copiedBytes.addAndGet(-copiedBytes);
            goOn();
        });
        context.flush();
        if (reader instanceof Reader.Subscription subscription) {
            subscription.from = frames.head.nextOffset();
            subscription.credit -= bytes;
            subscription.isBusy = false;
            push(subscription);
        }
        connection.afterAnswers();
    }

    // ---------------------------------------------------------------- waits

    private void nothingFor(Reader reader, Frames nothing) {
        if (reader instanceof Reader.Fetch fetch && fetch.isLast && fetch.begunWithMinBytes > 0) {
            // The time was up while it was read for: once more, for what there is.
            ready.add(fetch);
            return;
        }
        long end = nothing.head.nextOffset();
        if (reader instanceof Reader.Fetch fetch && (fetch.isLast || (fetch.maxBytes > 0 && fetch.minBytes() == 0))) {
            over(fetch);
            connection.outbox().answer(fetch.ticket, fetch.message(nothing.head));
            return;
        }
        WalException stopped = stopping;
        if (stopped != null) {
            fail(reader, stopped);
            return;
        }
        CompletableFuture<Long> wait = nothing.partition.whenReadable(end, reader.visibility);
        reader.wait = wait;
        if (reader instanceof Reader.Fetch fetch) {
            waiting.add(fetch);
        }
        var unused = wait.whenComplete((readable, failure) -> onLoop(() -> woken(reader, wait, failure)));
    }

    private void woken(Reader reader, CompletableFuture<Long> wait, @Nullable Throwable failure) {
        if (reader.isOver || reader.wait != wait || isClosed) {
            return;
        }
        reader.wait = null;
        if (failure != null && !(failure instanceof CancellationException)) {
            fail(reader, failure);
            return;
        }
        if (reader instanceof Reader.Fetch fetch && fetch.maxBytes == 0) {
            fetch.isLast = true;
        }
        ready.add(reader);
        goOn();
    }

    /** It takes what there is. */
    private void timeIsUp(Reader.Fetch fetch) {
        if (fetch.isOver || isClosed) {
            return;
        }
        fetch.isLast = true;
        if (fetch.wait != null) {
            fetch.cancelWait();
            ready.add(fetch);
            goOn();
        }
    }

    private void over(Reader.Fetch fetch) {
        fetch.isOver = true;
        waiting.remove(fetch);
        fetch.cancelWait();
        if (fetch.timer != null) {
            fetch.timer.cancel(false);
        }
    }

    private void fail(Reader reader, Throwable why) {
        if (reader.isOver) {
            return;
        }
        if (reader instanceof Reader.Fetch fetch) {
            over(fetch);
            connection.outbox().answer(fetch.ticket, Outbox.failed(fetch.id, why));
        } else if (reader instanceof Reader.Subscription subscription) {
            end(subscription);
            connection.outbox().say(Outbox.failed(subscription.id, why));
        }
    }

    // ---------------------------------------------------------------- the end

    /** The server stops: nobody waits for an append any more. */
    void stop(WalException why) {
        stopping = why;
        List<Reader> all = new ArrayList<>(waiting);
        all.addAll(subscriptions.values());
        all.forEach(reader -> fail(reader, why));
    }

    /** The connection is gone. */
    void close() {
        isClosed = true;
        for (Reader reader : ready) {
            reader.isOver = true;
            if (reader instanceof Reader.Fetch fetch) {
                // Its timer, too: it may be for an hour, and holds all of this.
                over(fetch);
            }
        }
        ready.clear();
        for (Reader.Fetch fetch : List.copyOf(waiting)) {
            over(fetch);
        }
        for (Reader.Subscription subscription : List.copyOf(subscriptions.values())) {
            end(subscription);
        }
    }

    /** False when the loops have ended, and the connection before them. */
    private boolean onLoop(Runnable task) {
        try {
            context.executor().execute(task);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }
}
