package dev.tidemark.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemark.leak.LeakWatch;
import org.junit.jupiter.api.Test;

/** That {@link LeakWatch} looks at the tests of this module, too. */
class LostBuffersTest {
    @Test
    void bufferThatIsLost_isNoticed() {
        assertThat(LeakWatch.noticesWhatIsLost()).isTrue();
    }
}
