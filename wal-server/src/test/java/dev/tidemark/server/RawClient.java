package dev.tidemark.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.client.protocol.Answer;
import dev.tidemark.client.protocol.MessageDecoder;
import dev.tidemark.client.protocol.MessageEncoder;
import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.ProducerSequence;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.ProtocolException;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.client.protocol.SliceHead;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.format.FrameCodec;
import dev.tidemark.wal.format.FrameVerdict;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32C;

/** A client that does nothing but say messages and take answers, over a plain socket. Every wait of it ends after a minute. */
final class RawClient implements AutoCloseable {
    static final PartitionName ORDERS = new PartitionName("orders", 0, PartitionName.ANY);
    private static final int PATIENCE_MILLIS = 60_000;

    private final Socket socket;
    private final DataInputStream in;
    private final Deque<Answer> pending = new ArrayDeque<>();
    private long lastId = 1_000;

    private RawClient(Socket socket, int bufferBytes) throws IOException {
        this.socket = socket;
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), bufferBytes));
    }

    /** One of thousands: it keeps little itself. */
    static RawClient small(int port) throws IOException {
        return new RawClient(socket(port, 0), 64);
    }

    /** Connects from another of this machine's own addresses, such as 127.0.0.2, and says nothing. */
    static RawClient from(String address, int port) throws IOException {
        Socket socket = new Socket();
        socket.bind(new InetSocketAddress(address, 0));
        socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        return new RawClient(socket, 1 << 16);
    }

    /** Connects, and says nothing. */
    static RawClient connect(int port) throws IOException {
        return connect(port, 0);
    }

    static RawClient connect(int port, int receiveBufferBytes) throws IOException {
        return new RawClient(socket(port, receiveBufferBytes), 1 << 16);
    }

    private static Socket socket(int port, int receiveBufferBytes) throws IOException {
        Socket socket = new Socket();
        if (receiveBufferBytes > 0) {
            socket.setReceiveBufferSize(receiveBufferBytes);
        }
        socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLIS);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** Connects, and says hello. */
    static RawClient greeted(WalServer server) throws IOException {
        RawClient client = connect(server.port());
        assertThat(client.hello()).isInstanceOf(Answer.Welcome.class);
        return client;
    }

    Answer hello() throws IOException {
        return call(new Request.Hello(1, 1, 1, 0, Protocol.MAX_LENGTH, "raw", ""));
    }

    /** Says hello with a token. */
    Answer hello(String token) throws IOException {
        return call(new Request.Hello(1, 1, 1, Protocol.AUTHENTICATION, Protocol.MAX_LENGTH, "raw", token));
    }

    Socket socket() {
        return socket;
    }

    long nextId() {
        return ++lastId;
    }

    // ---------------------------------------------------------------- saying

    static byte[] bytes(Request request) {
        ByteBuf whole = MessageEncoder.whole(UnpooledByteBufAllocator.DEFAULT, request);
        try {
            return ByteBufUtil.getBytes(whole);
        } finally {
            whole.release();
        }
    }

    long send(Request request) throws IOException {
        sendBytes(bytes(request));
        return request.id();
    }

    void sendBytes(byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    static int crcOf(byte[] payload) {
        CRC32C crc = new CRC32C();
        crc.update(payload);
        return (int) crc.getValue();
    }

    Request.Produce value(PartitionName partition, byte[] value, Durability durability) {
        return produce(partition, Shape.VALUE, 1, value, durability, Optional.empty(), OptionalLong.empty());
    }

    Request.Produce produce(
            PartitionName partition,
            Shape shape,
            int count,
            byte[] payload,
            Durability durability,
            Optional<ProducerSequence> producer,
            OptionalLong expectedOffset) {
        return new Request.Produce(
                nextId(),
                partition,
                true,
                shape,
                Optional.of(durability),
                Protocol.DEFAULT_TIMEOUT,
                count,
                crcOf(payload),
                producer,
                expectedOffset,
                Unpooled.wrappedBuffer(payload));
    }

    Request.Fetch fetch(PartitionName partition, long from, int maxBytes, int maxWaitMillis) {
        return new Request.Fetch(nextId(), partition, from, maxBytes, 1, maxWaitMillis, Durability.SYNCED);
    }

    // ---------------------------------------------------------------- hearing

    /** The answer to this request; others that come before it are kept. */
    Answer call(Request request) throws IOException {
        return answerTo(send(request));
    }

    /** Appends a value durably; its offset. */
    long append(PartitionName partition, String value) throws IOException {
        Answer answer = call(value(partition, value.getBytes(StandardCharsets.UTF_8), Durability.SYNCED));
        assertThat(answer).isInstanceOf(Answer.Produced.class);
        return ((Answer.Produced) answer).firstOffset();
    }

    Answer answerTo(long id) throws IOException {
        for (Iterator<Answer> kept = pending.iterator(); kept.hasNext(); ) {
            Answer answer = kept.next();
            if (answer.id() == id) {
                kept.remove();
                return answer;
            }
        }
        while (true) {
            Answer answer = read();
            if (answer.id() == id) {
                return answer;
            }
            pending.add(answer);
        }
    }

    /** The next answer, whichever it is. */
    Answer next() throws IOException {
        Answer kept = pending.poll();
        return kept != null ? kept : read();
    }

    private Answer read() throws IOException {
        byte[] head = new byte[Protocol.LENGTH_BYTES];
        in.readFully(head);
        int length = Unpooled.wrappedBuffer(head).readIntLE();
        assertThat(length).isBetween(Protocol.MIN_LENGTH, Protocol.MAX_LENGTH);
        byte[] message = new byte[Protocol.LENGTH_BYTES + length];
        System.arraycopy(head, 0, message, 0, head.length);
        in.readFully(message, head.length, length);
        try {
            return MessageDecoder.answer(Unpooled.wrappedBuffer(message));
        } catch (ProtocolException e) {
            throw new AssertionError("the server has sent what is no answer", e);
        }
    }

    /** What comes until the server closes. */
    List<Answer> untilClosed() throws IOException {
        List<Answer> heard = new ArrayList<>(pending);
        pending.clear();
        try {
            while (true) {
                heard.add(read());
            }
        } catch (EOFException | SocketException e) {
            return heard;
        }
    }

    static String codeOf(Answer answer) {
        assertThat(answer).isInstanceOf(Answer.Failed.class);
        return ((Answer.Failed) answer).error().code();
    }

    /** The values in frames, which are checked as a client checks them. */
    static List<String> values(SliceHead head, ByteBuf frames) {
        ByteBuffer bytes = ByteBuffer.wrap(ByteBufUtil.getBytes(frames));
        List<String> values = new ArrayList<>();
        CRC32C crc = new CRC32C();
        long expected = head.firstOffset();
        int at = 0;
        while (at < bytes.capacity()) {
            assertThat(FrameCodec.checkHeader(
                            bytes,
                            at,
                            bytes.capacity() - at,
                            head.salt(),
                            head.filePosition() + at,
                            head.filePosition() + bytes.capacity(),
                            expected,
                            crc))
                    .isEqualTo(FrameVerdict.VALID);
            assertThat(FrameCodec.checkPayload(bytes, at, crc)).isEqualTo(FrameVerdict.VALID);
            if (FrameCodec.kind(bytes, at).takesOffsets()) {
                byte[] payload = new byte[FrameCodec.length(bytes, at)];
                bytes.get(FrameCodec.payloadAt(bytes, at), payload);
                values.add(new String(payload, StandardCharsets.UTF_8));
            }
            expected = FrameCodec.endOffset(bytes, at);
            at += FrameCodec.frameBytes(bytes, at);
        }
        assertThat(expected).isEqualTo(head.nextOffset());
        return values;
    }

    /** All values from an offset up to the readable end. */
    List<String> readAll(PartitionName partition, long from) throws IOException {
        List<String> all = new ArrayList<>();
        long next = from;
        while (true) {
            Answer answer = call(fetch(partition, next, 1 << 20, 0));
            assertThat(answer).isInstanceOf(Answer.Fetched.class);
            Answer.Fetched fetched = (Answer.Fetched) answer;
            if (!fetched.frames().isReadable()) {
                return all;
            }
            all.addAll(values(fetched.head(), fetched.frames()));
            next = fetched.head().nextOffset();
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
