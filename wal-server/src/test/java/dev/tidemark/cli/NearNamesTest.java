package dev.tidemark.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearNamesTest {

    private static final List<String> KNOWN = List.of("orders-0", "orders-1", "payments-0", "refunds-7");

    @Test
    void slipOfAKey_isFoundNearestFirst() {
        assertThat(NearNames.of("order-1", KNOWN)).containsExactly("orders-1", "orders-0");
        assertThat(NearNames.of("ORDERS-0", KNOWN)).first().isEqualTo("orders-0");
    }

    @Test
    void nameThatIsFarFromAll_suggestsNothing() {
        assertThat(NearNames.of("zzz-3", KNOWN)).isEmpty();
        assertThat(NearNames.of("orders-0", List.of())).isEmpty();
    }

    @Test
    void suggestions_areFew() {
        assertThat(NearNames.of("p-0", List.of("p-1", "p-2", "p-3", "p-4", "p-5")))
                .hasSize(3);
    }
}
