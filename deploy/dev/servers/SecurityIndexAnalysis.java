package muniment.dev;

import java.util.List;
import java.util.regex.Pattern;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.plugin.Inject;
import org.elasticsearch.plugin.NamedComponent;
import org.elasticsearch.plugin.analysis.TokenFilterFactory;
import org.elasticsearch.plugin.analysis.TokenizerFactory;
import org.elasticsearch.plugin.settings.AnalysisSettings;
import org.elasticsearch.plugin.settings.BooleanSetting;
import org.elasticsearch.plugin.settings.ListSetting;

/**
 * What Elasticsearch's own security index asks of the analysis module, which the build that Maven offers leaves out.
 * Without these three names it cannot be created, and no API key can be issued. Muniment's own index needs none of them.
 */
public final class SecurityIndexAnalysis {
    private SecurityIndexAnalysis() {}

    @AnalysisSettings
    public interface CaptureSettings {
        @ListSetting(path = "patterns")
        List<String> patterns();

        @BooleanSetting(path = "preserve_original", defaultValue = true)
        boolean preserveOriginal();
    }

    @NamedComponent("pattern_capture")
    public static final class PatternCapture implements TokenFilterFactory {
        private final CaptureSettings settings;

        @Inject
        public PatternCapture(CaptureSettings settings) {
            this.settings = settings;
        }

        @Override
        public TokenStream create(TokenStream stream) {
            Pattern[] patterns = settings.patterns().stream().map(Pattern::compile).toArray(Pattern[]::new);
            return new PatternCaptureGroupTokenFilter(stream, settings.preserveOriginal(), patterns);
        }
    }

    @NamedComponent("unique")
    public static final class Unique implements TokenFilterFactory {
        @Override
        public TokenStream create(TokenStream stream) {
            return new RemoveDuplicatesTokenFilter(stream);
        }
    }

    @NamedComponent("uax_url_email")
    public static final class UrlAndEmail implements TokenizerFactory {
        @Override
        public Tokenizer create() {
            return new UAX29URLEmailTokenizer();
        }
    }
}
