namespace OtelLite.Tests.Otlp;

/// <summary>Requests in which every field of opentelemetry-proto is set to something that can be told from its default.</summary>
internal static class EveryField
{
    private const string Attributes = """
        [{"key":"text","value":{"stringValue":"line\nbreak \" é 😀"}},{"key":"int","value":{"intValue":"-5"}},{"key":"real","value":{"doubleValue":0.1}},
        {"key":"bool","value":{"boolValue":true}},{"key":"none","value":{}},{"key":"bytes","value":{"bytesValue":"AP/+"}},
        {"key":"list","value":{"arrayValue":{"values":[{"stringValue":"a"},{},{"intValue":"1"},{"arrayValue":{"values":[{"boolValue":false}]}}]}}},
        {"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"doubleValue":2.5}},{"key":"","value":{"bytesValue":"AQ=="}}]}}},
        {"key":"session.id","value":{"stringValue":"s"}}]
        """;

    private const string Envelope = $$$$$$"""
        "resource":{"attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":3},"schemaUrl":"https://resource.example"
        """;

    private const string Scope = $$$$$$"""
        "scope":{"name":"scope","version":"1.2","attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":4},"schemaUrl":"https://scope.example"
        """;

    private const string Ids = """
        "traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174"
        """;

    private const string Exemplars = $$$$$$"""
        "exemplars":[{"timeUnixNano":"1795380807962000001","asDouble":1.5,{{{{{{Ids}}}}}},"filteredAttributes":{{{{{{Attributes}}}}}}},{"timeUnixNano":"7","asInt":"-2"}]
        """;

    private const string Times = """
        "startTimeUnixNano":"1795380807962000000","timeUnixNano":"1795380867962000003"
        """;

    public static string Of(string signal) => signal switch
    {
        "metrics" => Metrics,
        "logs" => Logs,
        _ => Traces,
    };

    private const string Metrics = $$$$$$"""
        {"resourceMetrics":[{ {{{{{{Envelope}}}}}},"scopeMetrics":[{ {{{{{{Scope}}}}}},"metrics":[
        {"name":"a.sum","description":"d","unit":"By","metadata":[{"key":"m","value":{"boolValue":true}}],"sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[
            {"attributes":{{{{{{Attributes}}}}}},{{{{{{Times}}}}}},"asInt":"-9007199254740993",{{{{{{Exemplars}}}}}},"flags":2},{ {{{{{{Times}}}}}},"asDouble":5e-324}]}},
        {"name":"a.gauge","unit":"1","gauge":{"dataPoints":[{ {{{{{{Times}}}}}},"asDouble":-0.5},{"timeUnixNano":"9","flags":1}]}},
        {"name":"a.histogram","unit":"ms","histogram":{"aggregationTemporality":1,"dataPoints":[
            {"attributes":{{{{{{Attributes}}}}}},{{{{{{Times}}}}}},"count":"6","sum":10.5,"min":0.5,"max":7,"bucketCounts":["1","2","3"],"explicitBounds":[1,2.5],{{{{{{Exemplars}}}}}},"flags":0},
            {"timeUnixNano":"9","count":"18446744073709551615"}]}},
        {"name":"an.exponential","unit":"ms","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[
            {"attributes":{{{{{{Attributes}}}}}},{{{{{{Times}}}}}},"count":"10","sum":-3.5,"scale":-4,"zeroCount":"1","positive":{"offset":-5,"bucketCounts":["2","0","3"]},
            "negative":{"offset":2,"bucketCounts":["4"]},"flags":0,{{{{{{Exemplars}}}}}},"min":-2,"max":3,"zeroThreshold":0.25}]}},
        {"name":"a.summary","unit":"s","summary":{"dataPoints":[
            {"attributes":{{{{{{Attributes}}}}}},{{{{{{Times}}}}}},"count":"4","sum":8,"quantileValues":[{"quantile":0.5,"value":1.5},{"quantile":1,"value":4}],"flags":0}]}}
        ]}]}]}
        """;

    private const string Logs = $$$$$$"""
        {"resourceLogs":[{ {{{{{{Envelope}}}}}},"scopeLogs":[{ {{{{{{Scope}}}}}},"logRecords":[
        {"timeUnixNano":"1795380807962000001","observedTimeUnixNano":"1795380807962000002","severityNumber":17,"severityText":"ERROR","body":{"kvlistValue":{"values":{{{{{{Attributes}}}}}}}},
        "attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":5,"flags":4294967041,{{{{{{Ids}}}}}},"eventName":"claude_code.api_request"},{}]}]}]}
        """;

    private const string Traces = $$$$$$"""
        {"resourceSpans":[{ {{{{{{Envelope}}}}}},"scopeSpans":[{ {{{{{{Scope}}}}}},"spans":[
        { {{{{{{Ids}}}}}},"traceState":"a=1","parentSpanId":"00f067aa0ba902b7","name":"claude_code.llm_request","kind":3,"startTimeUnixNano":"1795380807962000001",
        "endTimeUnixNano":"1795380808962000001","attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":1,
        "events":[{"timeUnixNano":"1795380808000000001","name":"an \"event\"","attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":2},{}],"droppedEventsCount":3,
        "links":[{ {{{{{{Ids}}}}}},"traceState":"b=2","attributes":{{{{{{Attributes}}}}}},"droppedAttributesCount":4,"flags":769},{"traceId":"00000000000000000000000000000000"}],"droppedLinksCount":5,
        "status":{"code":2,"message":"it failed"},"flags":257}]}]}]}
        """;
}
