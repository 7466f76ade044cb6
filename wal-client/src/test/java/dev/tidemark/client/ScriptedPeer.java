package dev.tidemark.client;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.Message;
import dev.tidemark.client.protocol.MessageDecoder;
import dev.tidemark.client.protocol.MessageEncoder;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.ProtocolException;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.client.protocol.WireError;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.AppendRequest;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.Ends;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameKind;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;

/**
 * What passes for a server, over a real socket: a log of one partition in memory, and a script that may answer a request in its own way. Where the script does not, it answers as a server does.
 *
 * <p><b>Threads.</b> One for each connection, a daemon. The log is shared, under the peer's monitor.
 */
final class ScriptedPeer implements AutoCloseable {
    static final int SALT = 0x5eed;
    static final long POSITION = 4096;
    private static final long INCARNATION = 1;

    /** Answers in its own way, and says so; or leaves it to the honest log. */
    interface Script {
        boolean answers(Request request, Line line) throws IOException;
    }

    /** One frame of the log. */
    private record Stored(long offset, int count, FrameKind kind, byte[] payload) {}

    private final ServerSocket listener;
    private final Script script;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicInteger connections = new AtomicInteger();

    private final List<Stored> log = new ArrayList<>();
    private final Map<ProducerSequence, Long> taken = new HashMap<>();
    private final Map<Long, ProducerSequence> next = new HashMap<>();
    private long end;

    ScriptedPeer(Script script) throws IOException {
        this.script = script;
        listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        start("peer-accept", this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    int connections() {
        return connections.get();
    }

    /** The values in the log, with the offsets that they have. */
    synchronized Map<String, Long> values() {
        Map<String, Long> values = new HashMap<>();
        for (Stored stored : log) {
            String text = new String(stored.payload, StandardCharsets.UTF_8);
            if (values.put(text, stored.offset) != null) {
                throw new AssertionError("appended twice: " + text);
            }
        }
        return values;
    }

    private static void start(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                sockets.add(socket);
                Line line = new Line(socket, connections.incrementAndGet());
                start("peer-line", line::serve);
            } catch (IOException e) {
                if (!listener.isClosed()) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }

    // ---------------------------------------------------------------- one connection

    /** A connection, as the peer sees it. */
    final class Line {
        private final Socket socket;
        private final int number;

        Line(Socket socket, int number) {
            this.socket = socket;
            this.number = number;
        }

        /** Which connection this is, from 1 up. */
        int number() {
            return number;
        }

        Socket socket() {
            return socket;
        }

        private void serve() {
            try (socket) {
                DataInputStream in = new DataInputStream(socket.getInputStream());
                while (true) {
                    Request request = MessageDecoder.request(Unpooled.wrappedBuffer(nextMessage(in)));
                    if (!script.answers(request, this)) {
                        send(honest(request));
                    }
                }
            } catch (EOFException | SocketException e) {
                // The client has gone, or the script has closed.
                sockets.remove(socket);
            } catch (IOException | ProtocolException e) {
                throw new AssertionError("the client has sent what is no request", e);
            }
        }

        private byte[] nextMessage(DataInputStream in) throws IOException {
            byte[] head = new byte[Protocol.LENGTH_BYTES];
            in.readFully(head);
            int length = Unpooled.wrappedBuffer(head).readIntLE();
            byte[] message = new byte[Protocol.LENGTH_BYTES + length];
            System.arraycopy(head, 0, message, 0, head.length);
            in.readFully(message, head.length, length);
            return message;
        }

        void send(Answer answer) throws IOException {
            sendBytes(bytes(answer));
        }

        void sendBytes(byte[] bytes) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
        }

        /** Goes on to read, and says nothing. */
        void hangUp() throws IOException {
            socket.close();
        }
    }

    static byte[] bytes(Message message) {
        ByteBuf whole = MessageEncoder.whole(UnpooledByteBufAllocator.DEFAULT, message);
        try {
            return ByteBufUtil.getBytes(whole);
        } finally {
            whole.release();
        }
    }

    // ---------------------------------------------------------------- an honest server

    /** What a server would answer. */
    synchronized Answer honest(Request request) {
        long id = request.id();
        if (request instanceof Request.Hello) {
            return welcome(id);
        }
        if (request instanceof Request.Produce produce) {
            return produced(produce);
        }
        if (request instanceof Request.Fetch fetch) {
            return new Answer.Fetched(id, head(fetch.from(), end), frames(fetch.from(), SALT, POSITION));
        }
        if (request instanceof Request.Create) {
            return new Answer.Created(id, true, INCARNATION, ends());
        }
        if (request instanceof Request.Offsets) {
            return new Answer.Found(id, INCARNATION, ends(), end);
        }
        if (request instanceof Request.Ping) {
            return new Answer.Pong(id, 0);
        }
        if (request instanceof Request.ListPartitions) {
            return new Answer.Listed(id, false, List.of(new PartitionName("orders", 0, INCARNATION)));
        }
        throw new AssertionError("not in any script: " + request);
    }

    static Answer.Welcome welcome(long id) {
        return new Answer.Welcome(
                id,
                Protocol.VERSION,
                0,
                1 << 20,
                1_024,
                1 << 20,
                1 << 20,
                AppendRequest.REPEATABLE_APPENDS,
                60_000,
                60_000,
                Durability.SYNCED,
                new UUID(1, 2),
                0,
                "scripted");
    }

    private Answer produced(Request.Produce produce) {
        ProducerSequence own = produce.producer().orElseThrow();
        Long before = taken.get(own);
        if (before != null) {
            return new Answer.Produced(produce.id(), before);
        }
        ProducerSequence expected =
                next.getOrDefault(own.producer(), new ProducerSequence(own.producer(), own.epoch(), 0));
        boolean isNewEpoch = own.epoch() > expected.epoch() && own.first() == 0;
        if (!own.equals(expected) && !isNewEpoch) {
            return refusal(produce.id(), ErrorCode.SEQUENCE_GAP, "a gap");
        }
        long offset = end;
        FrameKind kind = produce.shape() == Shape.VALUE ? FrameKind.RAW : FrameKind.RECORDS;
        log.add(new Stored(offset, produce.count(), kind, ByteBufUtil.getBytes(produce.payload())));
        end += produce.count();
        taken.put(own, offset);
        next.put(own.producer(), new ProducerSequence(own.producer(), own.epoch(), own.first() + produce.count()));
        return new Answer.Produced(produce.id(), offset);
    }

    static Answer refusal(long id, ErrorCode code, String said) {
        return new Answer.Failed(id, WireError.of(new AppendRefusedException(code, said)));
    }

    synchronized Ends ends() {
        return new Ends(0, end, end, end, end);
    }

    synchronized SliceHead head(long from, long nextOffset) {
        return new SliceHead(ends(), Math.min(from, nextOffset), nextOffset, SALT, POSITION);
    }

    /** The frames from an offset on, as they would lie there. */
    synchronized ByteBuf frames(long from, int salt, long position) {
        ByteBuffer all = ByteBuffer.allocate(1 << 16);
        CRC32C crc = new CRC32C();
        int at = 0;
        for (Stored stored : log) {
            if (stored.offset + stored.count <= from) {
                continue;
            }
            crc.reset();
            crc.update(stored.payload);
            FrameCodec.putHeader(
                    all,
                    at,
                    stored.payload.length,
                    stored.offset,
                    FrameCodec.stamp(1_000, stored.kind, 0),
                    stored.count,
                    (int) crc.getValue());
            all.put(FrameCodec.payloadAt(all, at), stored.payload);
            FrameCodec.finish(all, at, salt, position + at, stored.offset, crc);
            at += FrameCodec.frameBytes(all, at);
        }
        return Unpooled.wrappedBuffer(all.limit(at));
    }
}
