using OtelLite.Telemetry;

namespace OtelLite.Usage;

/// <summary>What a request is billed by. Tokens count whole; cost counts in nano-dollars, so that sums are exact and their order never matters.</summary>
internal enum BilledKind : byte
{
    Input = 1,
    Output = 2,
    CacheRead = 3,
    CacheCreation = 4,
    Cost = 5,
}

/// <summary>Everything that is added up over time. The numbers are stored (schema.sql, usage_amount).</summary>
internal enum Figure : byte
{
    /// <summary>What events say was billed; the numbers are those of <see cref="BilledKind"/>.</summary>
    Input = 1,
    Output = 2,
    CacheRead = 3,
    CacheCreation = 4,
    Cost = 5,

    /// <summary>What no event explains, by kind: <see cref="BilledKind"/> plus ten.</summary>
    InputRest = 11,
    OutputRest = 12,
    CacheReadRest = 13,
    CacheCreationRest = 14,
    CostRest = 15,

    ApiRequests = 20,
    Prompts = 21,
    ApiErrors = 22,
    LinesAdded = 23,
    LinesRemoved = 24,
    Commits = 25,
    PullRequests = 26,

    /// <summary>In microseconds.</summary>
    ActiveUser = 27,

    /// <summary>In microseconds.</summary>
    ActiveCli = 28,
    EditsAccepted = 29,
    EditsRejected = 30,

    /// <summary>Prompts that are slash commands.</summary>
    Commands = 31,

    /// <summary>Prompts that are a background agent's result.</summary>
    TaskNotifications = 32,

    /// <summary>Results of tools, and those of them that are failures.</summary>
    ToolCalls = 33,
    ToolFailures = 34,

    /// <summary>What of the rest needs no lost event, by kind: <see cref="BilledKind"/> plus forty.</summary>
    InputAuxiliary = 41,
    OutputAuxiliary = 42,
    CacheReadAuxiliary = 43,
    CacheCreationAuxiliary = 44,
    CostAuxiliary = 45,
}

/// <summary>Who wrote a prompt. The numbers are stored.</summary>
internal enum PromptKind : byte
{
    Human = 1,
    Command = 2,
    TaskNotification = 3,
}

internal static class BilledKinds
{
    public static readonly BilledKind[] All = Enum.GetValues<BilledKind>();

    /// <summary>What events say of this kind.</summary>
    public static Figure ByEvents(this BilledKind kind) => (Figure)kind;

    /// <summary>What no event explains of it.</summary>
    public static Figure Rest(this BilledKind kind) => (Figure)(10 + (int)kind);

    /// <summary>What of the rest is of requests that have no event.</summary>
    public static Figure Auxiliary(this BilledKind kind) => (Figure)(40 + (int)kind);
}

/// <summary>Who tells of a request; of several the strongest's numbers stand, which has the lowest number. The numbers are stored.</summary>
internal enum Teller : byte
{
    /// <summary>Its <c>api_request</c> event, which knows all.</summary>
    Event = 1,

    /// <summary>Its span, which knows no cost.</summary>
    Span = 2,

    /// <summary>The client's transcript, imported: it knows no duration, of old clients not all of the output, and a cost that is derived.</summary>
    Transcript = 3,
}

/// <summary>How a request's cost came about. The numbers are stored.</summary>
internal enum CostKind : byte
{
    Reported = 0,

    /// <summary>Tokens times prices that the client's own totals imply.</summary>
    Derived = 1,

    /// <summary>Counted as nothing.</summary>
    Unknown = 2,
}

/// <summary>One API request, as one of those who tell of it has it.</summary>
internal struct BilledRequest
{
    /// <summary>What <see cref="LogRecord"/> is for a request that a span tells of.</summary>
    public const int NoLogRecord = -1;

    /// <summary>What <see cref="DurationMs"/> is for a request that a transcript tells of.</summary>
    public const long NoDuration = -1;

    public Teller Teller;

    /// <summary>The row of the batch's log records that it came from.</summary>
    public int LogRecord;
    public TextRange Session;
    public TextRange Model;
    public TextRange RequestId;
    public TextRange PromptId;
    public TextRange QuerySource;
    public QueryOrigin Origin;
    public TextRange Agent;
    public TextRange Skill;
    public TextRange McpServer;
    public TextRange McpTool;
    public long TimeUnixNano;
    public long Input;
    public long Output;
    public long CacheRead;
    public long CacheCreation;

    /// <summary>The parts of <see cref="CacheCreation"/> by how long they are kept; -1 where the client does not tell.</summary>
    public long CacheCreation5m;
    public long CacheCreation1h;
    public long CostNanoUsd;
    public CostKind CostKind;

    /// <summary>More came out than its teller knows.</summary>
    public bool OutputIsLow;

    /// <summary>Whoever told it has seen the transcripts of all sessions that have it, and knows which one paid.</summary>
    public bool SessionIsSettled;

    /// <summary><see cref="NoDuration"/> where its teller does not know.</summary>
    public long DurationMs;

    /// <summary>-1 where the client does not tell.</summary>
    public long TtftMs;

    /// <summary>Its event's number in its process; -1 where the client sends none.</summary>
    public long Sequence;

    public readonly RequestWord Word => new(Teller, Output, CostNanoUsd, TimeUnixNano);

    public readonly long Of(BilledKind kind) => kind switch
    {
        BilledKind.Input => Input,
        BilledKind.Output => Output,
        BilledKind.CacheRead => CacheRead,
        BilledKind.CacheCreation => CacheCreation,
        _ => CostNanoUsd,
    };
}

/// <summary>What a point of the token or cost metric says was billed: the second witness of the same requests.</summary>
internal struct BilledPoint
{
    public TextRange Session;
    public TextRange Model;
    public BilledKind Kind;
    public long TimeUnixNano;
    public long Value;

    /// <summary>What of the value may be of requests that have no event: all or nothing of it.</summary>
    public long Auxiliary;
}

internal struct Tally
{
    public TextRange Session;
    public TextRange Model;
    public Figure Figure;
    public long TimeUnixNano;
    public long Value;
}

internal struct Prompt
{
    public TextRange Session;
    public TextRange Id;
    public PromptKind Kind;

    /// <summary>The command's name, where it is one.</summary>
    public TextRange Command;
    public long TimeUnixNano;
}

/// <summary>An event's number in its process: what is missing between two of them was lost on the way.</summary>
internal struct EventSequence
{
    public TextRange Session;
    public long TimeUnixNano;
    public long Sequence;

    /// <summary>A hash of the user: a process stays with one, through all its sessions.</summary>
    public long Sender;
}

internal struct ToolCall
{
    public TextRange Session;
    public TextRange Tool;
    public TextRange RequestId;
    public TextRange PromptId;
    public long TimeUnixNano;
    public bool Succeeded;
    public long DurationMs;

    /// <summary>What kind of failure it was; absent where it is none or the client does not tell.</summary>
    public TextRange ErrorType;

    /// <summary>-1 where the client does not tell.</summary>
    public long InputBytes;

    /// <inheritdoc cref="InputBytes"/>
    public long ResultBytes;
}

/// <summary>A decision on a use of a tool.</summary>
internal struct ToolDecision
{
    public TextRange Session;
    public TextRange Tool;
    public TextRange RequestId;

    /// <summary>Who decided: the configuration, a hook, the user.</summary>
    public TextRange Source;
    public bool Accepted;
    public long TimeUnixNano;
}

/// <summary>That a use of a tool was accepted, or that its result came.</summary>
internal struct ToolUse
{
    public TextRange Session;
    public TextRange Id;
    public TextRange Tool;
    public bool IsResult;
    public long TimeUnixNano;
}

/// <summary>That something of a session arrived. A session that did nothing (a start-up under a throw-away id) is no session.</summary>
internal struct SessionSeen
{
    public TextRange Session;

    /// <summary>False for a client that is told to send no ids: its records are grouped by user and resource.</summary>
    public bool IsNamed;
    public long FirstUnixNano;
    public long LastUnixNano;
    public bool DidSomething;
    public bool HasPoints;
    public bool HasRecords;

    /// <summary>The client exported something of it; false where only a transcript tells of it.</summary>
    public bool IsExported;

    /// <summary>What the record of the time <see cref="ProjectUnixNano"/> named.</summary>
    public TextRange Project;
    public long ProjectUnixNano;

    /// <inheritdoc cref="Project"/>
    public TextRange Machine;
    public long MachineUnixNano;

    /// <summary>The batch's resource that its record of the time <see cref="ResourceUnixNano"/> came from.</summary>
    public int Resource;
    public long ResourceUnixNano;
}

/// <summary>Where a session was at work, as its transcript tells it.</summary>
internal struct PlaceSeen
{
    public TextRange Session;
    public TextRange Folder;
    public TextRange Branch;
    public long TimeUnixNano;
}

/// <summary>What one batch adds to what is counted. Reused from batch to batch; its texts are ranges of the batch's text.</summary>
internal sealed class UsageFacts
{
    // From log records and from spans.
    public Column<BilledRequest> Requests { get; } = new(2 * Limits.RecordsPerRequestMax);

    public Column<BilledPoint> Points { get; } = new();

    // One of each point; of each record two, when it is a command.
    public Column<Tally> Tallies { get; } = new(3 * Limits.RecordsPerRequestMax);

    public Column<ToolCall> ToolCalls { get; } = new();

    public Column<ToolUse> ToolUses { get; } = new();

    public Column<ToolDecision> ToolDecisions { get; } = new();

    public Column<Prompt> Prompts { get; } = new();

    public Column<PlaceSeen> Places { get; } = new();

    public Column<EventSequence> Sequences { get; } = new();

    // Points, records and spans alike show their session.
    public Column<SessionSeen> Sessions { get; } = new(3 * Limits.RecordsPerRequestMax);

    /// <summary>The group of the last record without a session id, and the hash that it was made from.</summary>
    public (UInt128 Hash, TextRange Id) LastUnnamed { get; set; }

    public void Clear()
    {
        Requests.Clear();
        Points.Clear();
        Tallies.Clear();
        ToolCalls.Clear();
        ToolUses.Clear();
        ToolDecisions.Clear();
        Prompts.Clear();
        Places.Clear();
        Sequences.Clear();
        LastUnnamed = default;
        Sessions.Clear();
    }
}
