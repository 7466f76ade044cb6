package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Requests other than appends: each has a deadline, is sent when there is a connection, and sent again when that was lost or the server asked for patience. So only
 * requests come here whose repeat does no harm.
 *
 * <p><b>Threads.</b> Any thread calls; everything else happens on the I/O thread, which also completes the futures. Code that depends on them must not wait, and is
 * the client's own.
 */
final class Calls {
    private final EventLoop loop;
    private final ClientConfig config;
    private final RandomGenerator random;
    private final Link link;
    private final Set<Call> open = new HashSet<>();
    private @Nullable Throwable lastFailure;
    private @Nullable WalException closed;

    Calls(EventLoop loop, ClientConfig config, RandomGenerator random, Link link) {
        this.loop = loop;
        this.config = config;
        this.random = random;
        this.link = link;
    }

    /** Sends a request; the future completes with an answer of this type, or with an error at the deadline at the latest. */
    CompletableFuture<Answer> start(
            String what, Class<? extends Answer> type, long timeoutNanos, LongFunction<? extends Request> request) {
        Call call = new Call(what, type, request);
        try {
            loop.execute(() -> call.begin(timeoutNanos));
        } catch (RejectedExecutionException e) {
            call.future.completeExceptionally(ClientErrors.clientClosed(config.server()));
        }
        return call.future;
    }

    /** Sends a request and waits for the answer, at most the client's request timeout. */
    <A extends Answer> A ask(String what, Class<A> type, LongFunction<? extends Request> request) {
        return await(what, type, start(what, type, config.requestTimeout().toNanos(), request));
    }

    /** Waits for an answer whose call has a deadline of its own. */
    <A extends Answer> A await(String what, Class<A> type, CompletableFuture<Answer> future) {
        ClientThreads.assertMayBlock();
        Answer answer;
        try {
            answer = future.get(1, TimeUnit.HOURS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ClientErrors.interruptedWaiting(config.server(), what, e);
        } catch (ExecutionException e) {
            throw thrown(e.getCause());
        } catch (TimeoutException e) {
            throw ClientErrors.unreachable(config.server(), what, e);
        }
        return type.cast(answer);
    }

    /** What a waiting thread throws for what the I/O thread has found. */
    static RuntimeException thrown(@Nullable Throwable cause) {
        if (cause instanceof WalException error) {
            return ClientErrors.sameFor(error, 0);
        }
        return cause instanceof RuntimeException unexpected ? unexpected : new CompletionException(cause);
    }

    // ---------------------------------------------------------------- I/O thread

    /** There is a connection. */
    void ready() {
        for (Call call : List.copyOf(open)) {
            call.send();
        }
    }

    void failed(Throwable cause) {
        lastFailure = cause;
    }

    void close(WalException reason) {
        closed = reason;
        for (Call call : List.copyOf(open)) {
            call.fail(reason);
        }
    }

    private final class Call implements Link.Recipient {
        private final String what;
        private final Class<? extends Answer> type;
        private final LongFunction<? extends Request> request;
        private final CompletableFuture<Answer> future = new CompletableFuture<>();
        private final BackOff patience;
        private @Nullable Future<?> deadline;
        private boolean isSent;

        Call(String what, Class<? extends Answer> type, LongFunction<? extends Request> request) {
            this.what = what;
            this.type = type;
            this.request = request;
            this.patience = new BackOff(
                    config.firstBackOff().toNanos(), config.maxBackOff().toNanos(), random);
        }

        void begin(long timeoutNanos) {
            if (closed != null) {
                future.completeExceptionally(closed);
                return;
            }
            open.add(this);
            deadline = loop.schedule(
                    () -> fail(ClientErrors.unreachable(config.server(), what, lastFailure)),
                    Math.max(1, timeoutNanos),
                    TimeUnit.NANOSECONDS);
            send();
        }

        void send() {
            if (!isSent && !future.isDone() && link.isReady()) {
                isSent = true;
                link.send(request, this);
            }
        }

        @Override
        public boolean isAnsweredBy(Answer answer) {
            return type.isInstance(answer);
        }

        @Override
        public void answered(Answer answer) {
            isSent = false;
            if (answer instanceof Answer.Failed failed) {
                WalException why = failed.error().toException();
                if (isTemporary(why.code())) {
                    lastFailure = why;
                    var unused = loop.schedule(this::send, Math.max(1, patience.nextNanos()), TimeUnit.NANOSECONDS);
                } else {
                    fail(why);
                }
                return;
            }
            end();
            if (!future.complete(answer)) {
                // Too late: nobody will release it.
                answer.release();
            }
        }

        private static boolean isTemporary(ErrorCode code) {
            return switch (code) {
                case SERVER_STARTING, SERVER_STOPPING, SERVER_BUSY, STORE_CLOSED, PARTITION_CLOSED, LOCK_TIMEOUT ->
                    true;
                default -> false;
            };
        }

        @Override
        public void connectionLost() {
            // Sent again with the next connection: see ready().
            isSent = false;
        }

        private void fail(WalException why) {
            end();
            future.completeExceptionally(why);
        }

        private void end() {
            open.remove(this);
            Future<?> timer = deadline;
            if (timer != null) {
                timer.cancel(false);
            }
        }
    }
}
