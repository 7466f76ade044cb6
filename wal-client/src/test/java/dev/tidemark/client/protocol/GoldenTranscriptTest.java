package dev.tidemark.client.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** What version 1 says, frozen: every later version reads it, and says it to a peer of version 1. */
class GoldenTranscriptTest {

    @Test
    void requestsOfVersion1_areReadAndSaidAlike() throws IOException, ProtocolException {
        assertSaid("v1-client.bin", TranscriptV1.requests(), true);
    }

    @Test
    void answersOfVersion1_areReadAndSaidAlike() throws IOException, ProtocolException {
        assertSaid("v1-server.bin", TranscriptV1.answers(), false);
    }

    @Test
    void transcripts_haveEveryKind() {
        TreeSet<MessageKind> kinds = new TreeSet<>();
        TranscriptV1.requests().values().forEach(request -> kinds.add(request.kind()));
        TranscriptV1.answers().values().forEach(answer -> kinds.add(answer.kind()));
        assertThat(kinds).containsExactly(MessageKind.values());
    }

    private static void assertSaid(String file, Map<String, ? extends Message> expected, boolean isRequest)
            throws IOException, ProtocolException {
        byte[] golden = golden(file);
        List<Message> read = new ArrayList<>();
        ByteBuf stream = Unpooled.wrappedBuffer(golden);
        while (stream.isReadable()) {
            int bytes = MessageSplitter.nextBytes(stream, Protocol.MAX_LENGTH);
            assertThat(bytes).isPositive();
            read.add(Codec.message(stream.readSlice(bytes), isRequest));
        }
        assertThat(read).isEqualTo(List.copyOf(expected.values()));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        for (Message message : expected.values()) {
            said.writeBytes(Codec.bytes(message));
        }
        assertThat(said.toByteArray()).isEqualTo(golden);
    }

    static byte[] golden(String file) throws IOException {
        try (InputStream in = GoldenTranscriptTest.class.getResourceAsStream("/protocol/" + file)) {
            return Objects.requireNonNull(in, file).readAllBytes();
        }
    }
}
