package dev.tidemark.leak;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LeakWatchTest {
    @Test
    void bufferThatIsLost_isNoticed() {
        assertThat(LeakWatch.noticesWhatIsLost()).isTrue();
    }
}
