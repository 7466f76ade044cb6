package dev.tidemark.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.client.protocol.Protocol;
import dev.tidemark.client.protocol.Request;
import dev.tidemark.client.protocol.Seek;
import dev.tidemark.client.protocol.Shape;
import dev.tidemark.server.security.Rights.Right;
import dev.tidemark.wal.api.AppendRefusedException;
import dev.tidemark.wal.api.Durability;
import dev.tidemark.wal.api.ErrorCode;
import dev.tidemark.wal.api.WalException;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class GateTest {
    private static final Identity SHOP = new Identity("token:shop", Optional.empty(), Optional.empty());
    private static final PartitionName ORDERS = new PartitionName("orders", 0, PartitionName.ANY);

    /** Each request, and the rights of which any one is enough; none where it is free. */
    static Stream<Arguments> table() {
        return Stream.of(
                arguments(
                        new Request.Produce(
                                1,
                                ORDERS,
                                true,
                                Shape.VALUE,
                                Optional.empty(),
                                Protocol.DEFAULT_TIMEOUT,
                                1,
                                0,
                                Optional.empty(),
                                OptionalLong.empty(),
                                Unpooled.EMPTY_BUFFER),
                        EnumSet.of(Right.PRODUCE)),
                arguments(new Request.Sync(1, ORDERS), EnumSet.of(Right.PRODUCE)),
                arguments(new Request.Fetch(1, ORDERS, 0, 1, 1, 0, Durability.SYNCED), EnumSet.of(Right.FETCH)),
                arguments(new Request.Subscribe(1, ORDERS, 0, 1, 1, Durability.SYNCED), EnumSet.of(Right.FETCH)),
                arguments(new Request.Offsets(1, ORDERS, Seek.END, 0), EnumSet.allOf(Right.class)),
                arguments(new Request.Create(1, ORDERS), EnumSet.allOf(Right.class)),
                arguments(new Request.Describe(1, ORDERS), EnumSet.complementOf(EnumSet.of(Right.PRODUCE))),
                arguments(new Request.Checkpoints(1, ORDERS), EnumSet.complementOf(EnumSet.of(Right.PRODUCE))),
                arguments(new Request.SetCheckpoint(1, ORDERS, "c", 0), EnumSet.of(Right.FETCH, Right.ADMIN)),
                arguments(new Request.RemoveCheckpoint(1, ORDERS, "c"), EnumSet.of(Right.FETCH, Right.ADMIN)),
                arguments(new Request.Trim(1, ORDERS, 0), EnumSet.of(Right.ADMIN)),
                arguments(new Request.Delete(1, ORDERS), EnumSet.of(Right.ADMIN)),
                arguments(new Request.Hello(1, 1, 1, 0, 1, "", ""), EnumSet.noneOf(Right.class)),
                arguments(new Request.Ping(1), EnumSet.noneOf(Right.class)),
                arguments(new Request.ListPartitions(1, Optional.of(ORDERS), 1), EnumSet.noneOf(Right.class)),
                arguments(new Request.Credit(1, 1), EnumSet.noneOf(Right.class)),
                arguments(new Request.Unsubscribe(1, 1), EnumSet.noneOf(Right.class)));
    }

    private static Rights with(Set<Right> rights, String prefix) {
        return new Rights(false, List.of(new Rights.Grant(rights, prefix)));
    }

    @ParameterizedTest
    @MethodSource("table")
    void request_needsOneOfItsRights_forAPartitionOfThatName(Request request, Set<Right> enough) {
        assertThat(Gate.refusal(SHOP, Rights.ALL, request)).isEmpty();
        if (enough.isEmpty()) {
            assertThat(Gate.refusal(SHOP, new Rights(false, List.of()), request))
                    .isEmpty();
            return;
        }
        assertThat(request).isInstanceOf(Request.OfPartition.class);
        isRefused(request, new Rights(false, List.of()));
        for (Right right : Right.values()) {
            for (String prefix : List.of("", "o", "orders", "orders-", "orders-0")) {
                Rights rights = with(EnumSet.of(right), prefix);
                if (enough.contains(right)) {
                    assertThat(Gate.refusal(SHOP, rights, request)).isEmpty();
                } else {
                    isRefused(request, rights);
                }
            }
            for (String prefix : List.of("orders-00", "orders-1", "rders", "Orders", "secret", "orders-0 ")) {
                isRefused(request, with(EnumSet.of(right), prefix));
            }
        }
    }

    private static void isRefused(Request request, Rights rights) {
        WalException refusal = Gate.refusal(SHOP, rights, request).orElseThrow();
        assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_PERMITTED);
        assertThat(refusal).hasMessageContaining("identity=token:shop").hasMessageContaining("partition=orders-0");
        assertThat(refusal instanceof AppendRefusedException).isEqualTo(request instanceof Request.Produce);
    }

    /** A request that is added to the protocol has to be added to the table above, and so to be thought of. */
    @Test
    void table_hasEveryRequestOfTheProtocol() {
        List<String> tested =
                table().map(row -> row.get()[0].getClass().getSimpleName()).toList();
        assertThat(tested)
                .containsExactlyInAnyOrderElementsOf(
                        records(Request.class).map(Class::getSimpleName).toList());
    }

    private static Stream<Class<?>> records(Class<?> type) {
        return type.isSealed()
                ? Arrays.stream(type.getPermittedSubclasses()).flatMap(GateTest::records)
                : Stream.of(type);
    }
}
