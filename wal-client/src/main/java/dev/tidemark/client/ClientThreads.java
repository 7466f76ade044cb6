package dev.tidemark.client;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicLong;

/** The threads of clients, by name, and the transport they use: epoll where it is there, else the JDK's. All are daemons. */
final class ClientThreads {
    private static final AtomicLong NUMBERS = new AtomicLong();

    private ClientThreads() {}

    /** A thread that serves the connection, and must never wait for anything. */
    static final class IoThread extends FastThreadLocalThread {
        IoThread(Runnable body, String name) {
            super(body, name);
            setDaemon(true);
        }
    }

    /** One I/O thread of its own for a client. */
    static EventLoopGroup ioThread() {
        IoHandlerFactory transport = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        long number = NUMBERS.getAndIncrement();
        ThreadFactory threads = body -> new IoThread(body, "tidemark-client-io-" + number);
        return new MultiThreadIoEventLoopGroup(1, threads, transport);
    }

    static Class<? extends SocketChannel> channelType() {
        return Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** Looks at files before a connection is opened, and ends. */
    static Thread tlsThread(Runnable body) {
        Thread thread = new FastThreadLocalThread(body, "tidemark-client-tls-" + NUMBERS.getAndIncrement());
        thread.setDaemon(true);
        return thread;
    }

    /** For code of the caller's that depends on futures. */
    static ThreadFactory callbackThread() {
        return body -> {
            Thread thread = new FastThreadLocalThread(body, "tidemark-client-callback-" + NUMBERS.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Called wherever somebody is about to wait: an I/O thread that waits stops everybody, perhaps for ever. */
    static void assertMayBlock() {
        assert !(Thread.currentThread() instanceof IoThread) : "an I/O thread was about to wait";
    }
}
