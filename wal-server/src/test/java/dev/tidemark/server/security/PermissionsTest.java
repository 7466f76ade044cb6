package dev.tidemark.server.security;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemark.client.protocol.PartitionName;
import dev.tidemark.server.security.Rights.Right;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PermissionsTest {
    private static final String FILE = """
            # who may do what
            produce,fetch  orders-   token:shop
            admin          orders-1  token:shop
              fetch        *         cert:CN=report,O=Example Limited
            all            *         token:operator
            fetch          public-   *
            """;

    private static Identity named(String name) {
        return new Identity(name, Optional.empty(), Optional.empty());
    }

    private static Set<Right> of(String identity, String partitionName) throws AccessFileException {
        Rights rights = Permissions.parse(FILE).of(named(identity));
        int dash = partitionName.lastIndexOf('-');
        PartitionName partition = new PartitionName(
                partitionName.substring(0, dash),
                Integer.parseInt(partitionName.substring(dash + 1)),
                PartitionName.ANY);
        EnumSet<Right> found = EnumSet.noneOf(Right.class);
        for (Right each : Right.values()) {
            if (rights.hasAny(Set.of(each), partition)) {
                found.add(each);
            }
        }
        assertThat(rights.mayKnow(partition)).isEqualTo(!found.isEmpty());
        return found;
    }

    @Test
    void rights_areThoseOfTheLinesThatFit_andNoOthers() throws AccessFileException {
        assertThat(of("token:shop", "orders-0")).containsExactly(Right.PRODUCE, Right.FETCH);
        assertThat(of("token:shop", "orders-1")).containsExactly(Right.PRODUCE, Right.FETCH, Right.ADMIN);
        assertThat(of("token:shop", "order-0")).isEmpty();
        assertThat(of("token:shop", "my-orders-0")).isEmpty();
        assertThat(of("token:shop", "public-0")).containsExactly(Right.FETCH);
        assertThat(of("token:shopper", "orders-0")).isEmpty();
        assertThat(of("cert:CN=report,O=Example Limited", "orders-0")).containsExactly(Right.FETCH);
        assertThat(of("cert:CN=report", "orders-0")).isEmpty();
        assertThat(of("token:operator", "anything-7")).containsExactly(Right.values());
        assertThat(of("nobody", "public-9")).containsExactly(Right.FETCH);
    }

    @Test
    void whoMonitorsEverything_hasNoPrefix() throws AccessFileException {
        Permissions permissions = Permissions.parse(
                FILE + "monitor * token:prometheus\nmonitor orders- token:part\n" + "produce,fetch * token:client\n");
        assertThat(permissions.of(named("token:operator")).monitorsAll()).isTrue();
        assertThat(permissions.of(named("token:prometheus")).monitorsAll()).isTrue();
        for (String other : new String[] {"token:shop", "token:part", "token:client", "token:nobody"}) {
            assertThat(permissions.of(named(other)).monitorsAll()).as(other).isFalse();
        }
        assertThat(Rights.ALL.monitorsAll()).isTrue();
    }

    @Test
    void fileThatSaysNothing_deniesEverything() throws AccessFileException {
        Rights rights = Permissions.parse("\n  # nothing\n").of(named("token:shop"));
        assertThat(rights).isEqualTo(new Rights(false, List.of()));
        assertThat(rights.mayKnow(new PartitionName("orders", 0, PartitionName.ANY)))
                .isFalse();
    }

    @Test
    void rightsThatStay_areEqual_andOthersAreNot() throws AccessFileException {
        Permissions before = Permissions.parse(FILE);
        Permissions after = Permissions.parse(FILE + "fetch audit- token:operator\n");
        assertThat(after.of(named("token:shop"))).isEqualTo(before.of(named("token:shop")));
        assertThat(after.of(named("token:operator"))).isNotEqualTo(before.of(named("token:operator")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "fetch orders- shop",
                "fetch token:shop",
                "read orders- token:shop",
                "fetch, orders- token:shop",
                "Fetch orders- token:shop",
                "fetch orders- token:a/b",
                "fetch orders- cert:",
                "fetch orders- anonymous"
            })
    void lineThatIsNone_isAProblemOfTheWholeFile(String line) {
        assertThatThrownBy(() -> Permissions.parse("all * token:operator\n" + line))
                .isInstanceOf(AccessFileException.class)
                .hasMessageContaining("line 2");
    }
}
