package dev.tidemark.wal.bytes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What both implementations promise, and that they promise the same. */
class BytesContractTest {

    static Stream<BytesProvider> providers() {
        return Stream.of(new JdkBytes(), new ChronicleBytes());
    }

    @ParameterizedTest
    @MethodSource("providers")
    void layout_isTheOneInTheFormatPage(BytesProvider provider) {
        ByteSink sink = provider.newSink(0);
        sink.putByte(0x1FF);
        sink.putInt(0x0102_0304);
        sink.putLong(0x0102_0304_0506_0708L);
        sink.putCount(0);
        sink.putCount(127);
        sink.putCount(128);
        sink.putCount(300);
        sink.putCount(Long.MAX_VALUE);
        sink.putText("\u00e9!");
        assertThat(sink.toByteArray())
                .containsExactly(
                        0xff, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 0, 127, 0x80, 1, 0xac, 2, 0xff, 0xff, 0xff, 0xff,
                        0xff, 0xff, 0xff, 0xff, 0x7f, 3, 0xc3, 0xa9, '!');
    }

    @Test
    void bothImplementations_writeTheSameBytesAndReadThemBack() throws MalformedBytesException {
        for (long seed = 1; seed <= 500; seed++) {
            byte[] written = null;
            for (BytesProvider provider : providers().toList()) {
                ByteSink sink = provider.newSink(new Random(seed).nextInt(64));
                List<Step> steps = steps(new Random(seed));
                for (Step step : steps) {
                    step.put(sink);
                }
                byte[] bytes = sink.toByteArray();
                if (written != null) {
                    assertThat(bytes).as("seed %d", seed).isEqualTo(written);
                }
                written = bytes;
                ByteSource source = provider.sourceOf(bytes);
                for (Step step : steps) {
                    assertThat(step.read(source)).as("seed %d %s", seed, step).isEqualTo(step.value());
                }
                assertThat(source.remaining()).isZero();
            }
        }
    }

    @Test
    void bytesOfAnyKind_giveTheSameValueOrVerdictInBoth() {
        for (long seed = 1; seed <= 20_000; seed++) {
            List<String> outcomes = new ArrayList<>();
            for (BytesProvider provider : providers().toList()) {
                Random random = new Random(seed);
                byte[] bytes = new byte[random.nextInt(24)];
                random.nextBytes(bytes);
                for (int i = 0; i < bytes.length; i++) {
                    // Small numbers more often, so that lengths and counts are sometimes believable.
                    bytes[i] = random.nextInt(3) == 0 ? bytes[i] : (byte) random.nextInt(5);
                }
                outcomes.add(readAll(provider.sourceOf(bytes), random));
            }
            assertThat(outcomes.get(1)).as("seed %d", seed).isEqualTo(outcomes.get(0));
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void bytesThatEndTooEarly_areMalformed(BytesProvider provider) {
        for (int length = 0; length < 8; length++) {
            byte[] bytes = new byte[length];
            assertThatThrownBy(() -> provider.sourceOf(bytes).readLong()).isInstanceOf(MalformedBytesException.class);
        }
        assertThatThrownBy(() -> provider.sourceOf(new byte[3]).readInt()).isInstanceOf(MalformedBytesException.class);
        assertThatThrownBy(() -> provider.sourceOf(new byte[0]).readByte()).isInstanceOf(MalformedBytesException.class);
        assertThatThrownBy(() -> provider.sourceOf(bytesOf(0x80)).readCount(Long.MAX_VALUE))
                .isInstanceOf(MalformedBytesException.class);
        assertThatThrownBy(() -> provider.sourceOf(bytesOf(5, 'a', 'b')).readText(100))
                .isInstanceOf(MalformedBytesException.class);
    }

    @ParameterizedTest
    @MethodSource("providers")
    void numberWithIdleOrTooManyBytes_isMalformed(BytesProvider provider) {
        int[][] spellings = {
            {0x80, 0},
            {0xff, 0x80, 0},
            {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1},
            {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}
        };
        for (int[] spelling : spellings) {
            assertThatThrownBy(() -> provider.sourceOf(bytesOf(spelling)).readCount(Long.MAX_VALUE))
                    .isInstanceOf(MalformedBytesException.class);
        }
    }

    @ParameterizedTest
    @MethodSource("providers")
    void numberOverItsLimit_isMalformedBeforeAnythingIsAllocated(BytesProvider provider)
            throws MalformedBytesException {
        assertThat(provider.sourceOf(bytesOf(100)).readCount(100)).isEqualTo(100);
        assertThatThrownBy(() -> provider.sourceOf(bytesOf(101)).readCount(100))
                .isInstanceOf(MalformedBytesException.class);
        ByteSink huge = provider.newSink(16);
        huge.putCount(Integer.MAX_VALUE);
        byte[] bytes = huge.toByteArray();
        assertThatThrownBy(() -> provider.sourceOf(bytes).readText(1 << 20))
                .isInstanceOf(MalformedBytesException.class);
        assertThatThrownBy(() -> provider.sourceOf(bytes).readText(Integer.MAX_VALUE))
                .isInstanceOf(MalformedBytesException.class);
    }

    @ParameterizedTest
    @MethodSource("providers")
    void textThatCannotBeKeptExactly_isRefusedOnBothSides(BytesProvider provider) {
        assertThatThrownBy(() -> provider.newSink(8).putText("\ud800")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> provider.sourceOf(bytesOf(2, 0xc3, 0x28)).readText(8))
                .isInstanceOf(MalformedBytesException.class);
        assertThatThrownBy(() -> provider.newSink(8).putCount(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static String readAll(ByteSource source, Random random) {
        StringBuilder outcome = new StringBuilder();
        try {
            while (source.remaining() > 0) {
                switch (random.nextInt(5)) {
                    case 0 -> outcome.append(source.readByte());
                    case 1 -> outcome.append(source.readInt());
                    case 2 -> outcome.append(source.readLong());
                    case 3 -> outcome.append(source.readCount(random.nextInt(1_000_000)));
                    default -> outcome.append(source.readText(random.nextInt(20)));
                }
                outcome.append(' ');
            }
        } catch (MalformedBytesException e) {
            outcome.append(e.reason());
        }
        return outcome.toString();
    }

    private static byte[] bytesOf(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static List<Step> steps(Random random) {
        List<Step> steps = new ArrayList<>();
        int count = random.nextInt(40);
        for (int i = 0; i < count; i++) {
            steps.add(
                    switch (random.nextInt(5)) {
                        case 0 -> new Step('b', random.nextInt(256));
                        case 1 -> new Step('i', random.nextInt());
                        case 2 -> new Step('l', random.nextLong());
                        case 3 -> new Step('c', random.nextLong() >>> 1 + random.nextInt(63));
                        default -> new Step('t', text(random));
                    });
        }
        return steps;
    }

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(10);
        for (int i = 0; i < length; i++) {
            int[] ends = {0x80, 0x800, 0xd800, 0x2_0000};
            int codePoint = random.nextInt(ends[random.nextInt(4)]);
            text.appendCodePoint(codePoint >= 0xd800 && codePoint < 0xe000 ? '?' : codePoint);
        }
        return text.toString();
    }

    /** One put and the read that belongs to it. */
    private record Step(char type, Object value) {
        void put(ByteSink sink) {
            switch (type) {
                case 'b' -> sink.putByte((int) value);
                case 'i' -> sink.putInt((int) value);
                case 'l' -> sink.putLong((long) value);
                case 'c' -> sink.putCount((long) value);
                default -> sink.putText((String) value);
            }
        }

        Object read(ByteSource source) throws MalformedBytesException {
            return switch (type) {
                case 'b' -> source.readByte();
                case 'i' -> source.readInt();
                case 'l' -> source.readLong();
                case 'c' -> source.readCount(Long.MAX_VALUE);
                default -> source.readText(1000);
            };
        }
    }
}
