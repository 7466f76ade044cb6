package dev.tidemark.client.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Bytes that nobody of good will sends: random ones, and messages with some bytes changed, in both directions. {@code -Dtidemark.fuzz.inputs}
 * says how many, {@code -Dtidemark.fuzz.seed} repeats a run.
 */
class DecoderFuzzTest {
    private static final MessageKind[] KINDS = MessageKind.values();
    /** What one input may allocate beside its own size: decoded texts and lists, and what goes with an exception. */
    private static final long MOST_ALLOCATED_BYTES = 512 << 10;

    private static final long MOST_ALLOCATED_FOR_A_STRANGER_BYTES = 128 << 10;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    @Timeout(3_600)
    void hostileBytes_areAMessageOrAProtocolErrorAndCostLittleMemory() {
        int inputs = Integer.getInteger("tidemark.fuzz.inputs", 200_000);
        long seed = Long.getLong("tidemark.fuzz.seed", System.nanoTime());
        System.out.println("decoder fuzz: inputs=" + inputs + " seed=" + seed);
        Random random = new Random(seed);
        RandomMessages messages = new RandomMessages(random);
        int understood = 0;
        for (int i = 0; i < inputs; i++) {
            ByteBuf input = Unpooled.wrappedBuffer(input(random, messages));
            boolean isRequest = random.nextBoolean();
            long before = THREADS.getCurrentThreadAllocatedBytes();
            understood += decode(input, isRequest, i, seed);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as("input %d of seed %d", i, seed).isLessThan(MOST_ALLOCATED_BYTES);
            assertThat(input.refCnt()).as("input %d of seed %d", i, seed).isEqualTo(1);
        }
        // A fuzzer that never gets past the first test of the decoder would find nothing.
        assertThat(understood).as("seed %d", seed).isBetween(inputs / 20, inputs - inputs / 20);
    }

    /** What anybody can send who can connect: the same bytes, to the part of the decoder that they reach. */
    @Test
    @Timeout(3_600)
    void hostileBytesOfAStranger_areAHelloOrAProtocolErrorAndCostNextToNothing() {
        int inputs = Integer.getInteger("tidemark.fuzz.inputs", 200_000) / 20;
        long seed = Long.getLong("tidemark.fuzz.seed", System.nanoTime());
        System.out.println("decoder fuzz, first message: inputs=" + inputs + " seed=" + seed);
        Random random = new Random(seed);
        RandomMessages messages = new RandomMessages(random);
        int understood = 0;
        for (int i = 0; i < inputs; i++) {
            byte[] bytes =
                    random.nextInt(3) == 0 ? Codec.bytes(messages.next(MessageKind.HELLO)) : input(random, messages);
            if (random.nextBoolean() && bytes.length > Protocol.LENGTH_BYTES) {
                bytes[Protocol.LENGTH_BYTES + random.nextInt(bytes.length - Protocol.LENGTH_BYTES)] ^=
                        (byte) (1 << random.nextInt(8));
            }
            ByteBuf input = Unpooled.wrappedBuffer(bytes);
            understood += decodeFirst(input, i, seed);
            // Again, and this is measured: what is used for the first time is loaded, which is not what an input costs.
            long before = THREADS.getCurrentThreadAllocatedBytes();
            int unused = decodeFirst(input.readerIndex(0), i, seed);
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertThat(allocated).as("input %d of seed %d", i, seed).isLessThan(MOST_ALLOCATED_FOR_A_STRANGER_BYTES);
            assertThat(input.refCnt()).as("input %d of seed %d", i, seed).isEqualTo(1);
        }
        assertThat(understood).as("seed %d", seed).isBetween(inputs / 20, inputs - inputs / 20);
    }

    private static int decodeFirst(ByteBuf input, int number, long seed) {
        try {
            if (MessageSplitter.nextBytes(input, Protocol.MAX_HELLO_LENGTH) != input.readableBytes()) {
                return 0;
            }
            return MessageDecoder.first(input).kind() == MessageKind.HELLO ? 1 : 0;
        } catch (ProtocolException e) {
            return 0;
        } catch (RuntimeException e) {
            throw new AssertionError("input " + number + " of seed " + seed, e);
        }
    }

    private static int decode(ByteBuf input, boolean isRequest, int number, long seed) {
        try {
            if (MessageSplitter.nextBytes(input, Protocol.MAX_LENGTH) != input.readableBytes()) {
                return 0;
            }
            Message message = Codec.message(input, isRequest);
            message.release();
            return 1;
        } catch (ProtocolException e) {
            return 0;
        } catch (RuntimeException | Error e) {
            throw new AssertionError("input " + number + " of seed " + seed, e);
        }
    }

    private static byte[] input(Random random, RandomMessages messages) {
        if (random.nextInt(8) == 0) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            if (bytes.length >= 8 && random.nextBoolean()) {
                Unpooled.wrappedBuffer(bytes)
                        .setIntLE(0, bytes.length - 4)
                        .setByte(4, KINDS[random.nextInt(KINDS.length)].code())
                        .setZero(5, 3);
            }
            return bytes;
        }
        byte[] bytes = Codec.bytes(messages.next(KINDS[random.nextInt(KINDS.length)]));
        int changes = random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] = (byte) (random.nextBoolean() ? 0xff : 0);
                default -> {
                    int from = random.nextInt(bytes.length);
                    int length = Math.min(random.nextInt(16), bytes.length - Math.max(at, from));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
            }
        }
        if (random.nextInt(4) == 0 && bytes.length >= 4) {
            // The length is made good again, so that the other fields are looked at.
            Unpooled.wrappedBuffer(bytes).setIntLE(0, bytes.length - 4);
        }
        return bytes;
    }
}
