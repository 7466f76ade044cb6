package dev.tidemark.server;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageEncoder;
import dev.tidemark.client.protocol.WireError;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Answers on their way to the socket. A round of the log answers hundreds of appends at once, from a thread of the log; they become one task of the event loop, a few buffers and one
 * flush.
 *
 * <p><b>Threads.</b> Any may add; the connection's event loop writes.
 *
 * <p><b>Ordering.</b> An answer is in the queue before the flag is raised, and the flag is lowered before the queue is looked at for the last time: so none stays behind. Answers are
 * written in the order in which they were added.
 */
final class Outbox {
    /** So many answers in a row; then the other connections of the loop have a turn. */
    private static final int TURN_ANSWERS = 512;

    private static final int BUFFER_BYTES = 16 << 10;

    private final Connection connection;
    private final ChannelHandlerContext context;
    private final ServerMeters meters;
    private final ConcurrentLinkedQueue<Outgoing> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean isPlanned = new AtomicBoolean();

    /** An answer; without a ticket one that nobody counts. */
    private record Outgoing(@Nullable Ticket ticket, Answer answer) {}

    Outbox(Connection connection, ChannelHandlerContext context, ServerMeters meters) {
        this.connection = connection;
        this.context = context;
        this.meters = meters;
    }

    /** Answers a request, if that has not been done. */
    void answer(Ticket ticket, Answer answer) {
        add(new Outgoing(ticket, answer));
    }

    /** Says something that answers no request. */
    void say(Answer answer) {
        add(new Outgoing(null, answer));
    }

    private void add(Outgoing outgoing) {
        queue.add(outgoing);
        if (isPlanned.compareAndSet(false, true)) {
            plan();
        }
    }

    private void plan() {
        try {
            context.executor().execute(this::turn);
        } catch (RejectedExecutionException e) {
            // The loops are gone, and with them the connection.
            queue.clear();
        }
    }

    private void turn() {
        isPlanned.set(false);
        boolean isEmpty = write(TURN_ANSWERS);
        context.flush();
        if (!isEmpty && isPlanned.compareAndSet(false, true)) {
            plan();
        }
        connection.afterAnswers();
    }

    /** Writes all that is there, so that what is written next comes behind it. Event loop only. */
    void writeAll() {
        write(Integer.MAX_VALUE);
    }

    private boolean write(int most) {
        ByteBuf buffer = null;
        int left = most;
        try {
            Outgoing next;
            while (left-- > 0 && (next = queue.poll()) != null) {
                if (next.ticket != null && !connection.settle(next.ticket)) {
                    continue;
                }
                if (next.answer instanceof Answer.Failed failed) {
                    failed.error().knownCode().ifPresent(meters::error);
                }
                if (buffer == null) {
                    buffer = context.alloc().directBuffer(BUFFER_BYTES);
                }
                MessageEncoder.append(buffer, next.answer);
                if (buffer.readableBytes() >= BUFFER_BYTES - 256) {
                    connection.write(buffer);
                    buffer = null;
                }
            }
        } finally {
            if (buffer != null) {
                connection.write(buffer);
            }
        }
        return queue.isEmpty();
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    static Answer failed(long id, Throwable why) {
        return new Answer.Failed(id, WireError.of(Errors.of(why)));
    }
}
