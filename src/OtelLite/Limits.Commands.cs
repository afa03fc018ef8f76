namespace OtelLite;

/// <summary>The bounds of the commands, of removing, and of importing.</summary>
internal static partial class Limits
{
    /// <summary>Bytes of a file of Claude Code's settings; a large one has some kilobytes.</summary>
    public const int SettingsBytesMax = 4 << 20;

    /// <summary>Copies of those settings that are kept beside them: the first, which is what the user had, and the last ones.</summary>
    public const int SettingsBackupsMax = 10;

    /// <summary>How long a process waits for another that writes the same file, settings or a token, which takes some milliseconds and one flush to disk.</summary>
    public static readonly TimeSpan LockWait = TimeSpan.FromSeconds(5);

    /// <summary>Rows that <c>otellite query</c> prints when not told otherwise: some screens.</summary>
    public const int QueryRows = 1000;

    /// <summary>The most that may be asked for; <c>otellite export</c> has no such bound.</summary>
    public const int QueryRowsMax = 1_000_000;

    /// <summary>How long the SQL of <c>otellite query</c> may work when not told otherwise: a mistyped join would work for hours.</summary>
    public static readonly TimeSpan QueryTime = TimeSpan.FromSeconds(10);

    /// <summary>The longest that may be asked for. What reads holds back that the write-ahead log is emptied.</summary>
    public const int QuerySecondsMax = 3600;

    /// <summary>What a statement that was told to stop may take to do so: within one function of SQLite's nothing is asked. Then the program ends.</summary>
    public static readonly TimeSpan QueryGrace = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of one of its rows, which take twice as much in this program and more in JSON: the longest event of a body of the largest default size.</summary>
    public const int QueryRowBytesMax = 65 << 20;

    /// <summary>Bytes of all of its rows, as SQLite has them: printing them takes time that the database's clock does not see.</summary>
    public const long QueryOutputBytesMax = 1L << 30;

    /// <summary>Bytes that SQLite may take to answer it: a sort of millions of rows, and a text of the largest export several times.</summary>
    public const long QueryBytesMax = 512L << 20;

    /// <summary>Characters of SQL on stdin; a person writes some lines.</summary>
    public const int SqlCharactersMax = 1 << 20;

    /// <summary>Characters of one cell of a table on a terminal, past which it is cut; the other formats have all of it.</summary>
    public const int TableCellCharactersMax = 100;

    /// <summary>Rows of a table that are kept to find how wide its columns are.</summary>
    public const int TableRowsMeasured = 1000;

    /// <summary>How long a command waits for a server's answer; one that runs answers within milliseconds.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(3);

    /// <summary>How long a program of the system's (systemctl) may take.</summary>
    public static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long a program that the system was told to start must stay up to be called started; a port that is taken ends it in a tenth of that.</summary>
    public static readonly TimeSpan AutostartTrial = TimeSpan.FromSeconds(1);

    /// <summary>How long a command tries to hand something over. Within this machine it takes a tenth of a millisecond, and who is not there refuses at once; only a network that swallows what is sent takes so long.</summary>
    public static readonly TimeSpan HandoverTimeout = TimeSpan.FromSeconds(1);

    /// <summary>How long a status line waits for OtelLite, of the 20 ms that it has in all; an answer takes 3.</summary>
    public static readonly TimeSpan StatusLineWait = TimeSpan.FromMilliseconds(12);

    /// <summary>How long it and a hook wait for what they tell to be taken, with the line printed already; Claude Code calls the next one after 300 ms at the earliest.</summary>
    public static readonly TimeSpan HandoverWait = TimeSpan.FromMilliseconds(250);

    /// <summary>How long the status line that was there before may take; Claude Code itself was seen to wait for 15 s.</summary>
    public static readonly TimeSpan FormerStatusLineWait = TimeSpan.FromSeconds(30);

    /// <summary>How long its last words are waited for once it has ended: they are in the pipe already, which what it left in the background may hold open.</summary>
    public static readonly TimeSpan FormerOutputGrace = TimeSpan.FromMilliseconds(100);

    /// <summary>How often that is, as long as there is nothing yet or more comes: on a machine that was busy with tests, 64 KiB were not read in one.</summary>
    public const int FormerOutputGraces = 10;

    /// <summary>Bytes of what it prints; some lines have some hundred.</summary>
    public const int FormerOutputBytesMax = 64 << 10;

    /// <summary>Bytes of what Claude Code tells its status line or a hook; documents of 2 kB were seen.</summary>
    public const int ToldBytesMax = 1 << 20;

    /// <summary>Folders above one in which a checkout is looked for.</summary>
    public const int FolderLevelsMax = 100;

    /// <summary>Bytes of a file of git's that is read for a branch or a remote.</summary>
    public const int GitFileBytesMax = 1 << 20;

    /// <summary>Bytes of one answer that a command reads; the refusals, all at their longest, are less.</summary>
    public const int AnswerBytesMax = 1 << 20;

    /// <summary>How long one test export of <c>otellite doctor</c> may take, with the look-up of its host's name. Claude Code itself waits for 10 s.</summary>
    public static readonly TimeSpan TestExportTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Characters of a variable's value that <c>otellite doctor</c> shows: any address, and not a file that was pasted into one.</summary>
    public const int ShownVariableCharactersMax = 200;

    /// <summary>A refusal longer ago than this is no sign of anything that is wrong now.</summary>
    public static readonly TimeSpan RecentRefusal = TimeSpan.FromDays(1);

    /// <summary>Refusals that <c>otellite doctor</c> tells of, the newest; the server's page has all.</summary>
    public const int RefusalsToldMax = 5;

    /// <summary>Raw rows that one step of a removal looks at and removes in one transaction: some milliseconds, in which exports wait. Of exports that came meanwhile one in a hundred waited 45 ms with 1,000 and 23 ms with 200.</summary>
    public const int PruneRowsPerStep = 100;

    /// <summary>Pages that one step gives back to the disk, for the same reason; 0.2 MB of them are written anew at most.</summary>
    public const int PrunePagesPerStep = 50;

    /// <summary>After a start, before old records are looked for: first comes whoever opens the page.</summary>
    public static readonly TimeSpan RetentionFirst = TimeSpan.FromMinutes(1);

    /// <summary>Between two looks for old records.</summary>
    public static readonly TimeSpan RetentionInterval = TimeSpan.FromHours(1);

    /// <summary>Between two steps of a removal while the writer has nothing else to do; between its commits it does one too.</summary>
    public static readonly TimeSpan RetentionPause = TimeSpan.FromMilliseconds(20);

    /// <summary>A look ends after so many steps that found nothing, and once in so many looks it sees everything.</summary>
    public const int RetentionFruitlessMax = 200;

    /// <summary>About once a day.</summary>
    public const int RetentionLooksPerWhole = 24;

    /// <summary>Of a file that is too large, a twentieth of its time is removed at once, and then it is looked at again.</summary>
    public const int RetentionSlices = 20;

    /// <summary>But not less than this; and this much of raw records stays, however large the file is.</summary>
    public static readonly TimeSpan RetentionSliceMin = TimeSpan.FromHours(1);

    /// <summary>How far the last line of an answer in a transcript and the event of its request may be apart where the event names no request. Recorded are 0.4 s at most; a slow disk may take longer.</summary>
    public static readonly TimeSpan TranscriptMatch = TimeSpan.FromSeconds(5);

    /// <summary>Sessions whose transcripts tell of one request at the same time, as far as they are compared: those that rather paid come first, so that one past it is still weighed
    /// against the one that has the request. Somebody who forks one session that often has other worries.</summary>
    public const int TellingsOfRequestMax = 1000;

    /// <summary>Bytes of one line of a transcript, past which it is left out. An answer's line is some kilobytes, one with pictures some megabytes.</summary>
    public const int TranscriptLineBytesMax = 32 << 20;

    /// <summary>A line of a transcript is of before: past it the nanoseconds since 1970, in which times are stored, do not count on.</summary>
    public static readonly DateTimeOffset TranscriptTimeEnd = new(2262, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Bytes of an id or a name in a transcript; the longest seen is a path of 300.</summary>
    public const int TranscriptNameBytesMax = 4096;

    /// <summary>Transcripts of one import; a year of 100,000 sessions has one each, and one of each subagent.</summary>
    public const int TranscriptFilesMax = 500_000;

    /// <summary>Requests of one import, which must know each to tell a copy from it: some 500 bytes each. Claude Code keeps 30 days of transcripts.</summary>
    public const int TranscriptRequestsMax = 500_000;

    /// <summary>Prices of all models together that an import weighs; each model has had three at most.</summary>
    public const int TranscriptPricesMax = 1000;

    /// <summary>Bytes of one body that an import sends, no more than <see cref="LargeBodyBytes"/>, so that a client's exports get in between.</summary>
    public const int ImportBodyBytesMax = 1 << 20;

    /// <summary>How long an import waits for the answer to one body: a slow disk may take a while.</summary>
    public static readonly TimeSpan ImportAnswerTimeout = TimeSpan.FromSeconds(20);

    /// <summary>How long an import tries again while a body can't be stored now.</summary>
    public static readonly TimeSpan ImportPatience = TimeSpan.FromSeconds(30);

    /// <summary>How often <c>import --watch</c> looks for more.</summary>
    public static readonly TimeSpan ImportWatchInterval = TimeSpan.FromSeconds(3);
}
