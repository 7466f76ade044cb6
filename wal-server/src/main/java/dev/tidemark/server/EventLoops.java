package dev.tidemark.server;

import dev.tidemark.wal.io.NonBlockingThread;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that serve connections, on the operating system's own transport where there is one.
 *
 * <p><b>Threads.</b> Owns {@code wal-server-loop-N}. They never block: a disk operation, a timed lock or a wait for a future asserts that it is not on one of them.
 */
final class EventLoops {
    private static final long STOP_SECONDS = 5;

    private final IoEventLoopGroup group;
    private final Class<? extends ServerSocketChannel> channelType;

    EventLoops(int threads, boolean nativeTransport) {
        boolean isNative = nativeTransport && hasNative();
        ThreadFactory factory = new LoopThreads();
        group = new MultiThreadIoEventLoopGroup(
                threads, factory, isNative ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        channelType = isNative ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    private static boolean hasNative() {
        try {
            return Epoll.isAvailable();
        } catch (LinkageError e) {
            // The class path has the classes of a transport and not what they stand on: as good as none.
            return false;
        }
    }

    IoEventLoopGroup group() {
        return group;
    }

    Class<? extends ServerSocketChannel> channelType() {
        return channelType;
    }

    /** Ends the threads; waits for them, but not for ever. */
    void close() throws InterruptedException {
        group.shutdownGracefully(0, STOP_SECONDS, TimeUnit.SECONDS).await(2 * STOP_SECONDS, TimeUnit.SECONDS);
    }

    private static final class LoopThreads implements ThreadFactory {
        private final AtomicInteger next = new AtomicInteger();

        @Override
        public Thread newThread(Runnable task) {
            Thread thread = new LoopThread(task, "wal-server-loop-" + next.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        }
    }

    private static final class LoopThread extends FastThreadLocalThread implements NonBlockingThread {
        LoopThread(Runnable task, String name) {
            super(task, name);
        }
    }
}
