package dev.tidemark.client.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.protocol.ProtocolException.Problem;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Damage;
import dev.tidemark.wal.api.DamageException;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.InvalidCallException;
import dev.tidemark.wal.api.OutcomeUnknownException;
import dev.tidemark.wal.api.Remedy;
import dev.tidemark.wal.api.StorageException;
import dev.tidemark.wal.api.UnavailableException;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MessageCodecTest {

    @ParameterizedTest
    @EnumSource
    void message_comesBackAsItWasSent(MessageKind kind) throws ProtocolException {
        for (long seed = 1; seed <= 100; seed++) {
            Message sent = new RandomMessages(new Random(seed)).next(kind);
            byte[] bytes = Codec.bytes(new RandomMessages(new Random(seed)).next(kind));

            Message received = Codec.message(bytes, kind.isRequest());

            assertThat(received).as("%s, seed %d", kind, seed).isEqualTo(sent);
            assertThat(Codec.bytes(received)).as("%s, seed %d", kind, seed).isEqualTo(bytes);
        }
    }

    @ParameterizedTest
    @EnumSource
    void messageThatIsCutAnywhere_isAProtocolErrorOrAShorterMessage(MessageKind kind) {
        for (long seed = 1; seed <= 20; seed++) {
            byte[] whole = Codec.bytes(new RandomMessages(new Random(seed)).next(kind));
            for (int bytes = 0; bytes < whole.length; bytes++) {
                byte[] cut = Arrays.copyOf(whole, bytes);
                if (bytes >= 4) {
                    Unpooled.wrappedBuffer(cut).setIntLE(0, bytes - 4);
                }
                assertIsNoMessageOrHasTrailingBytes(cut, kind, seed);
            }
        }
    }

    private static void assertIsNoMessageOrHasTrailingBytes(byte[] cut, MessageKind kind, long seed) {
        try {
            Message shorter = Codec.message(cut, kind.isRequest());
            assertThat(kind)
                    .as("cut to %d bytes, seed %d", cut.length, seed)
                    .isIn(MessageKind.PRODUCE, MessageKind.FETCHED, MessageKind.PUSHED);
            shorter.release();
        } catch (ProtocolException e) {
            assertThat(e.isConnectionUsable())
                    .as("cut to %d bytes, seed %d", cut.length, seed)
                    .isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"HELLO", "PRODUCE", "FETCHED", "PUSHED"})
    void byteBehindTheLastField_isAProtocolError(MessageKind kind) {
        byte[] bytes = Codec.bytes(new RandomMessages(new Random(1)).next(kind));
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 1);
        Unpooled.wrappedBuffer(longer).setIntLE(0, longer.length - 4);

        assertThatThrownBy(() -> Codec.message(longer, kind.isRequest()))
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.problem()).isEqualTo(Problem.BAD_BODY));
    }

    @Test
    void helloOfALaterVersion_isReadAsFarAsItIsUnderstood() throws ProtocolException {
        byte[] bytes = Codec.bytes(new Request.Hello(1, 1, 1, 5, 1 << 20, "later", ""));
        byte[] longer = Arrays.copyOf(bytes, bytes.length + 30);
        ByteBuf hello = Unpooled.wrappedBuffer(longer);
        hello.setIntLE(0, longer.length - 4);
        hello.setShortLE(Protocol.HEADER_BYTES + 10, 3);
        assertThat(Codec.message(longer, true)).isEqualTo(new Request.Hello(1, 1, 3, 5, 1 << 20, "later", ""));

        hello.setShortLE(Protocol.HEADER_BYTES + 8, 2);
        Request.Hello only = (Request.Hello) Codec.message(longer, true);
        assertThat(only.speaks(1)).isFalse();
        assertThat(only.speaks(3)).isTrue();
    }

    @Test
    void firstMessageOfAnotherProtocol_isToldFromABadOne() {
        byte[] bytes = Codec.bytes(new Request.Hello(1, 1, 1, 5, 1 << 20, "", ""));
        bytes[Protocol.HEADER_BYTES]++;
        assertThatThrownBy(() -> Codec.message(bytes, true))
                .isInstanceOfSatisfying(
                        ProtocolException.class, e -> assertThat(e.problem()).isEqualTo(Problem.BAD_MAGIC));
    }

    @Test
    void kindOfALaterVersion_leavesTheConnectionUsable() {
        byte[] bytes = Codec.bytes(new Request.Ping(77));
        for (int code : new int[] {0x00, 0x12, 0x7f, 0x81, 0xfe, 0xff}) {
            bytes[4] = (byte) code;
            assertThatThrownBy(() -> Codec.message(bytes, true)).isInstanceOfSatisfying(ProtocolException.class, e -> {
                assertThat(e.problem()).isEqualTo(Problem.UNKNOWN_KIND);
                assertThat(e.requestId()).isEqualTo(77);
                assertThat(e.isConnectionUsable()).isTrue();
            });
        }
    }

    @Test
    void reservedBits_areZero() {
        for (int at : new int[] {5, 6, 7}) {
            byte[] bytes = Codec.bytes(new Request.Ping(77));
            bytes[at] = (byte) 0x80;
            assertThatThrownBy(() -> Codec.message(bytes, true))
                    .isInstanceOfSatisfying(
                            ProtocolException.class,
                            e -> assertThat(e.problem()).isEqualTo(Problem.BAD_HEADER));
        }
    }

    @Test
    void payloadIsNotCopied_andIsGivenBackByTheMessage() throws ProtocolException {
        ByteBuf payload = PooledByteBufAllocator.DEFAULT.directBuffer().writeBytes(new byte[100]);
        ByteBuf whole = MessageEncoder.whole(
                PooledByteBufAllocator.DEFAULT,
                new Answer.Fetched(1, ((Answer.Fetched) TranscriptV1.answers().get("FETCHED")).head(), payload));
        assertThat(payload.refCnt()).isZero();

        Message received = MessageDecoder.answer(whole);
        whole.release();
        assertThat(whole.refCnt()).isEqualTo(1);
        assertThat(received.trailing().readableBytes()).isEqualTo(100);
        received.release();
        assertThat(whole.refCnt()).isZero();
    }

    @Test
    void everyFamilyOfErrors_arrivesAsTheExceptionItWas() throws ProtocolException {
        Damage damage = new Damage("orders-0", "orders-0/x.seg", 4096, 7, 9);
        List<WalException> thrown = List.of(
                new InvalidCallException(ErrorCode.OFFSET_TRIMMED, "offset is before the start: offset=7"),
                new AppendRefusedException(ErrorCode.STORAGE_FULL, "the disk is full: partition=orders-0"),
                new OutcomeUnknownException(ErrorCode.WAIT_TIMEOUT, "no answer: offset=12", 12, null),
                new DamageException(ErrorCode.SEGMENT_CORRUPT, "frame fails its checksum", damage, null),
                new UnavailableException(ErrorCode.PARTITION_FAILED, "the partition has failed"),
                new StorageException(ErrorCode.STORAGE_FAILED, "write failed"));
        for (WalException there : thrown) {
            Answer.Failed received =
                    (Answer.Failed) Codec.message(Codec.bytes(new Answer.Failed(1, WireError.of(there))), false);
            WalException here = received.error().toException();
            assertThat(here).hasSameClassAs(there).hasMessage(there.getMessage());
            assertThat(here.code()).isEqualTo(there.code());
            if (here instanceof OutcomeUnknownException unknown) {
                assertThat(unknown.offset()).isEqualTo(12);
            }
            if (here instanceof DamageException damaged) {
                assertThat(damaged.damage()).isEqualTo(damage);
            }
        }
    }

    @Test
    void codeOfALaterVersion_keepsItsFamilyAndSaysItsName() {
        WireError error = new WireError(
                WireError.Family.OUTCOME_UNKNOWN, "QUORUM_LOST", Remedy.READ_BACK, "2 of 3", 7, Optional.empty());
        assertThat(error.toException())
                .isInstanceOf(OutcomeUnknownException.class)
                .hasMessage("CODE_UNKNOWN QUORUM_LOST 2 of 3 (remedy=READ_BACK)");
    }

    @Test
    void veryLongMessageOfAnError_isCutBetweenTwoCharacters() throws ProtocolException {
        WalException there = new StorageException(ErrorCode.STORAGE_FAILED, "\u20ac".repeat(10_000));
        Answer.Failed received =
                (Answer.Failed) Codec.message(Codec.bytes(new Answer.Failed(1, WireError.of(there))), false);
        assertThat(received.error().message()).isEqualTo("\u20ac".repeat(Protocol.MAX_ERROR_TEXT_BYTES / 3));
    }
}
