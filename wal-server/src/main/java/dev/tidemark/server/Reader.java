package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.wal.api.Durability;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What one connection wants to read: a fetch, which ends with its answer, or a subscription, which goes on.
 *
 * <p><b>Threads.</b> The connection's event loop. A reading thread looks at the fields that do not change, and at what the loop has set before it gave it the turn.
 */
abstract class Reader {
    final long id;
    final Durability visibility;
    final int maxBytes;

    /** Of a subscription that has begun, with the incarnation it began in. */
    PartitionName partition;

    /** Where the next read begins. */
    long from;

    /** Nothing is read for it any more. */
    boolean isOver;

    /** Its wait for an append, while there is one. */
    @Nullable
    CompletableFuture<Long> wait;

    Reader(long id, PartitionName partition, long from, int maxBytes, Durability visibility) {
        this.id = id;
        this.partition = partition;
        this.from = from;
        this.maxBytes = maxBytes;
        this.visibility = visibility;
    }

    /** With fewer bytes than this it rather waits for an append, at the moment. */
    abstract int minBytes();

    /** The message in which frames go to the client. The frames themselves follow. */
    abstract Answer message(SliceHead head);

    final void cancelWait() {
        CompletableFuture<Long> waiting = wait;
        wait = null;
        if (waiting != null) {
            waiting.cancel(false);
        }
    }

    /** One {@code FETCH}. */
    static final class Fetch extends Reader {
        final Ticket ticket;
        private final int minBytes;

        /** Set when the time is up: then it takes what there is. */
        boolean isLast;

        /** What the read that is under way was begun with. */
        int begunWithMinBytes;

        @Nullable
        ScheduledFuture<?> timer;

        Fetch(Ticket ticket, Request.Fetch request) {
            super(request.id(), request.partition(), request.from(), request.maxBytes(), request.visibility());
            this.ticket = ticket;
            minBytes = Math.min(request.minBytes(), request.maxBytes());
            isLast = request.maxWaitMillis() == 0;
        }

        @Override
        int minBytes() {
            return isLast ? 0 : minBytes;
        }

        @Override
        Answer message(SliceHead head) {
            return new Answer.Fetched(id, head, Unpooled.EMPTY_BUFFER);
        }
    }

    /** One subscription. */
    static final class Subscription extends Reader {
        /** What may be sent; below zero when the last push passed it. */
        long credit;

        /** It is in the queue, or being read for, or waits: exactly one of these, or there is no credit. */
        boolean isBusy = true;

        Subscription(Request.Subscribe request) {
            super(request.id(), request.partition(), request.from(), request.maxPushBytes(), request.visibility());
            credit = request.creditBytes();
        }

        @Override
        int minBytes() {
            return 1;
        }

        @Override
        Answer message(SliceHead head) {
            return new Answer.Pushed(id, head, Unpooled.EMPTY_BUFFER);
        }
    }
}
