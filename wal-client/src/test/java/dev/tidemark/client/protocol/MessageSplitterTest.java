package dev.tidemark.client.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.protocol.ProtocolException.Problem;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MessageSplitterTest {

    @Test
    void stream_isCutIntoItsMessagesHoweverItArrives() {
        for (long seed = 1; seed <= 200; seed++) {
            Random random = new Random(seed);
            RandomMessages messages = new RandomMessages(random);
            List<byte[]> sent = new ArrayList<>();
            ByteBuf stream = Unpooled.buffer();
            for (int i = 0; i < 20; i++) {
                byte[] bytes =
                        Codec.bytes(messages.next(MessageKind.values()[random.nextInt(MessageKind.values().length)]));
                sent.add(bytes);
                stream.writeBytes(bytes);
            }
            EmbeddedChannel channel = new EmbeddedChannel(new MessageSplitter(Protocol.MAX_LENGTH));
            while (stream.isReadable()) {
                channel.writeInbound(
                        stream.readRetainedSlice(Math.min(stream.readableBytes(), 1 + random.nextInt(600))));
            }
            stream.release();
            for (byte[] expected : sent) {
                ByteBuf received = channel.readInbound();
                assertThat(ByteBufUtil.getBytes(received)).as("seed %d", seed).isEqualTo(expected);
                received.release();
            }
            assertThat(channel.finish()).as("seed %d", seed).isFalse();
        }
    }

    @Test
    void lengthOverTheLimit_isAnErrorBeforeAnyOfItIsKept() {
        for (int length : new int[] {101, 1 << 30, Integer.MAX_VALUE, -1, Integer.MIN_VALUE, 0, 11}) {
            EmbeddedChannel channel = new EmbeddedChannel(new MessageSplitter(100));
            ByteBuf begun = Unpooled.buffer().writeIntLE(length);
            assertThatThrownBy(() -> channel.writeInbound(begun))
                    .as("length %d", length)
                    .isInstanceOfSatisfying(
                            ProtocolException.class,
                            e -> assertThat(e.problem()).isEqualTo(Problem.BAD_LENGTH));
            assertThat(begun.refCnt()).isZero();
            // What comes behind it is nothing any more, and told once.
            assertThat(channel.writeInbound(Unpooled.wrappedBuffer(Codec.bytes(new Request.Ping(1)))))
                    .isFalse();
            assertThat(channel.finish()).isFalse();
        }
    }

    @Test
    void limitThatIsRaised_holdsForTheNextMessage() {
        MessageSplitter splitter = new MessageSplitter(20);
        EmbeddedChannel channel = new EmbeddedChannel(splitter);
        assertThat(channel.writeInbound(Unpooled.wrappedBuffer(Codec.bytes(new Request.Ping(1)))))
                .isTrue();
        splitter.setMaxLength(200);
        assertThat(channel.writeInbound(Unpooled.wrappedBuffer(
                        Codec.bytes(new Request.Describe(1, new PartitionName("a".repeat(100), 1, 0))))))
                .isTrue();
        channel.finishAndReleaseAll();
    }
}
