package dev.tidemark.wal.bytes;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Text to UTF-8 and back without the JDK's silent repairs: what cannot be kept exactly is refused. */
public final class Utf8 {

    private Utf8() {}

    /**
     * The bytes of a text.
     *
     * @throws IllegalArgumentException when it has half a surrogate pair
     */
    public static byte[] encode(String text) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8
                    .newEncoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .encode(CharBuffer.wrap(text));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException("text has half a surrogate pair", e);
        }
    }

    /** The text of bytes that must be UTF-8, between the buffer's position and limit. */
    public static String decode(ByteBuffer bytes) throws MalformedBytesException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(bytes)
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MalformedBytesException("text is not UTF-8");
        }
    }
}
