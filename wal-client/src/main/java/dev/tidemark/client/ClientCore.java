package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.PartitionId;
import dev.tidemark.wal.api.ProducerIdentity;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.LongFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The parts of a client, put together: threads, connection, buffer, partitions. What {@link WalClient} shows is thin.
 *
 * <p><b>Threads.</b> Any thread calls what is not marked; {@link Link}, the pipelines and the list of those to be pumped belong to the I/O thread.
 */
final class ClientCore implements Link.Owner {
    /** How exact deadlines of appends are that nobody waits for in a thread. */
    private static final long SWEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private final ClientConfig config;
    private final EventLoopGroup threads;
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final BufferRoom room;
    private final Link link;
    private final Calls calls;
    private final RandomGenerator random;
    /** The handle that is given out for each name. */
    private final Map<PartitionId, RemotePartition> partitions = new ConcurrentHashMap<>();
    /** All handles, also of deleted partitions, as long as they have appends that were not answered. */
    private final Set<RemotePartition> handles = ConcurrentHashMap.newKeySet();

    private final CompletableFuture<Void> firstConnection = new CompletableFuture<>();
    private final List<RemotePartition> toPump = new ArrayList<>();

    private volatile int serverLargestAppend = RemotePartition.largestPayloadBytes();
    private volatile boolean isConnected;
    private volatile boolean isClosed;
    private volatile boolean isClosing;
    private volatile @Nullable Throwable lastFailure;
    private Answer.@Nullable Welcome welcome;
    private @Nullable CompletableFuture<Void> idle;

    ClientCore(ClientConfig config) {
        this.config = config;
        // First: where it fails, no thread has begun.
        Credentials credentials = Credentials.load(config);
        this.threads = ClientThreads.ioThread();
        this.loop = threads.next();
        this.callbacks = new Callbacks(ClientThreads.callbackThread());
        this.room = new BufferRoom(config.bufferBytes());
        // Different in each client, also in those that start at the same moment on machines that are alike.
        this.random = new SplittableRandom(new SecureRandom().nextLong());
        this.link = new Link(loop, config, credentials, this, System::nanoTime, random);
        this.calls = new Calls(loop, config, random, link);
    }

    // ---------------------------------------------------------------- what the parts use

    ClientConfig config() {
        return config;
    }

    long nanos() {
        return System.nanoTime();
    }

    ByteBufAllocator memory() {
        return PooledByteBufAllocator.DEFAULT;
    }

    BufferRoom room() {
        return room;
    }

    Callbacks callbacks() {
        return callbacks;
    }

    Calls calls() {
        return calls;
    }

    BackOff newBackOff() {
        return new BackOff(config.firstBackOff().toNanos(), config.maxBackOff().toNanos(), random);
    }

    int largestAppendBytes() {
        return serverLargestAppend;
    }

    boolean isConnected() {
        return isConnected && link.isReady();
    }

    boolean isClosed() {
        return isClosed;
    }

    /** Runs this on the I/O thread. */
    void execute(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            // The thread has ended with the client, and has settled what there was before; this came later.
            task.run();
        }
    }

    void schedule(Runnable task, long nanos) {
        var unused = loop.schedule(task, nanos, TimeUnit.NANOSECONDS);
    }

    void send(LongFunction<? extends Request> request, Link.Recipient recipient) {
        link.send(request, recipient);
    }

    /** When all that one read has brought is handed out, this partition has something to send. I/O thread. */
    void pumpAfterRead(RemotePartition partition) {
        toPump.add(partition);
    }

    // ---------------------------------------------------------------- the connection's life

    /** Begins, and waits for the first connection. */
    void open() {
        execute(link::connectSoon);
        var unused = loop.scheduleWithFixedDelay(this::sweep, SWEEP_NANOS, SWEEP_NANOS, TimeUnit.NANOSECONDS);
        boolean isOpen = false;
        try {
            firstConnection.get(config.requestTimeout().toNanos(), TimeUnit.NANOSECONDS);
            isOpen = true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ClientErrors.interruptedWaiting(config.server(), "hello", e);
        } catch (ExecutionException e) {
            throw Calls.thrown(e.getCause());
        } catch (TimeoutException e) {
            throw ClientErrors.unreachable(config.server(), "hello", lastFailure);
        } finally {
            if (!isOpen) {
                close();
            }
        }
    }

    @Override
    public void ready(Answer.Welcome newWelcome) {
        welcome = newWelcome;
        serverLargestAppend = Math.min(newWelcome.maxAppendBytes(), RemotePartition.largestPayloadBytes());
        isConnected = true;
        firstConnection.complete(null);
        calls.ready();
        handles.forEach(partition -> partition.connected(newWelcome));
    }

    @Override
    public void lost() {
        isConnected = false;
        handles.forEach(RemotePartition::connectionLost);
    }

    @Override
    public void readComplete() {
        for (int i = 0; i < toPump.size(); i++) {
            toPump.get(i).pump();
        }
        toPump.clear();
        if (isClosing) {
            tellIfIdle();
        }
    }

    @Override
    public void failed(Throwable cause) {
        lastFailure = cause;
        calls.failed(cause);
        if (cause instanceof WalException error && isHopeless(error.code())) {
            firstConnection.completeExceptionally(error);
        }
    }

    /** What the next attempt would be told, too: a caller who waits for the first connection is told at once. */
    private static boolean isHopeless(ErrorCode code) {
        return switch (code) {
            case VERSION_UNSUPPORTED, TLS_REQUIRED, TLS_UNEXPECTED, TLS_FAILED, UNAUTHENTICATED -> true;
            default -> false;
        };
    }

    private void sweep() {
        long now = nanos();
        for (RemotePartition partition : handles) {
            partition.expire(now);
        }
        handles.removeIf(partition -> partition.isDeleted() && partition.isIdle());
        if (isClosing) {
            tellIfIdle();
        }
    }

    // ---------------------------------------------------------------- partitions

    /** The handle that is given out for this name, if there is one that can be used. */
    Optional<RemotePartition> known(PartitionId id) {
        if (isClosing) {
            throw ClientErrors.clientClosed(config.server());
        }
        return Optional.ofNullable(partitions.get(id)).filter(partition -> !partition.isDeleted());
    }

    /** The handle for this name, of which the server has said that it is there. */
    RemotePartition partition(PartitionId id, long incarnation) {
        RemotePartition handle = partitions.compute(
                id, (key, known) -> known == null || known.isDeleted() ? newPartition(key, incarnation) : known);
        if (isClosing) {
            handle.closeIntake();
        }
        return handle;
    }

    private RemotePartition newPartition(PartitionId id, long incarnation) {
        ProducerIdentity producer =
                config.producer().orElseGet(() -> new ProducerIdentity(new SecureRandom().nextLong(), 0));
        RemotePartition partition = new RemotePartition(id, incarnation, this, producer);
        handles.add(partition);
        execute(() -> {
            Answer.Welcome present = welcome;
            if (present != null && !isClosed) {
                partition.connected(present);
            }
        });
        return partition;
    }

    // ---------------------------------------------------------------- the end

    /** Takes nothing new, waits for answers within {@code closeTimeout}, and ends. Closing again does nothing. */
    void close() {
        synchronized (this) {
            if (isClosing) {
                return;
            }
            isClosing = true;
        }
        handles.forEach(RemotePartition::closeIntake);
        CompletableFuture<Void> drained = new CompletableFuture<>();
        execute(() -> {
            idle = drained;
            tellIfIdle();
        });
        awaitQuietly(drained, config.closeTimeout().toNanos());
        CompletableFuture<Void> ended = new CompletableFuture<>();
        execute(() -> {
            end();
            ended.complete(null);
        });
        awaitQuietly(ended, TimeUnit.SECONDS.toNanos(10));
        var unused = threads.shutdownGracefully(0, 5, TimeUnit.SECONDS);
        callbacks.close();
    }

    /** A close that is interrupted, or called by a callback of its own, ends what it can without waiting. */
    private void awaitQuietly(CompletableFuture<Void> event, long nanos) {
        if (loop.inEventLoop()) {
            return;
        }
        boolean wasInterrupted = Thread.interrupted();
        try {
            event.get(wasInterrupted ? 0 : nanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            wasInterrupted = true;
        } catch (ExecutionException | TimeoutException e) {
            // What is not answered yet is told so by the end that follows.
            lastFailure = e;
        } finally {
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void tellIfIdle() {
        CompletableFuture<Void> waiting = idle;
        if (waiting != null && handles.stream().allMatch(RemotePartition::isIdle)) {
            waiting.complete(null);
        }
    }

    private void end() {
        isClosed = true;
        link.close();
        handles.forEach(RemotePartition::close);
        calls.close(new dev.tidemark.wal.api.UnavailableException(
                ErrorCode.PARTITION_CLOSED, "the client is closed: server=" + config.server()));
        firstConnection.completeExceptionally(ClientErrors.clientClosed(config.server()));
    }
}
