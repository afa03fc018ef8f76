namespace OtelLite;

/// <summary>Every bound of the program, in one place, each with its reason. A queue, buffer, list or wait that is not bounded here is a defect; each has a test that goes one past it.</summary>
internal static partial class Limits
{
    /// <summary>Nested values in one JSON body. An <c>arrayValue</c> takes three levels, so about 80 may nest; .NET's default of 64 allows 18.</summary>
    public const int JsonDepthMax = 256;

    /// <summary>Attributes kept per record; the rest is counted in <c>dropped_attributes_count</c>. The SDKs' own default is 128.</summary>
    public const int AttributesPerRecordMax = 1024;

    /// <summary>Connections that the system holds until they are accepted; what ASP.NET Core asks for too.</summary>
    public const int ConnectionsWaitingMax = 512;

    /// <summary>Records in one request, all of which are one transaction that others wait for. A client sends at most 512, a collector 8,192, of which this is three. Of 190,000 requests of as many sessions the counting took a gigabyte and half a minute.</summary>
    public const int RecordsPerRequestMax = 25_000;

    /// <summary>Attributes of all the records of one request, for the same reason: each is 32 bytes beside its text, and a collector's 8,192 records with 30 have a quarter of this.</summary>
    public const int AttributesPerRequestMax = 1_000_000;

    /// <summary>A record's body that is taken for the name of its event, as an old client writes it: prefix, name and quotes.</summary>
    public const int EventNameBytesMax = 100;

    /// <summary>Bytes of text that one request may take as it is stored: a body of the largest default size twice, for what a rule of redaction hashes is written anew. Two bytes of protobuf can become thirty of JSON.</summary>
    public const int BatchTextBytesMax = 128 << 20;

    /// <summary>Bytes of a body and of the text that is made of it, while it is read. With what the program takes besides it keeps under 200 MB, and a body of the largest default size fits in unless it is of escapes or of numbers with many digits: of these one took 400 MB.</summary>
    public const int BatchBytesMax = 152 << 20;

    /// <summary>Bytes of one data point, log record or span as it is stored. Claude Code's longest body seen has 616 kB, and gRPC's own limit of a message is this. To show one of 50 MiB took 390 MB.</summary>
    public const int RecordBytesMax = 4 << 20;

    /// <summary>Bytes of a resource or a scope as it is stored, of each of which many may be in one answer.</summary>
    public const int ResourceBytesMax = 64 << 10;

    /// <summary>Bytes of an id or a name by which something is counted. The client's have 36 at most. What is longer is stored as it came and not taken for one: of ids of 64 MiB one page took a gigabyte. A metric whose name or unit is longer is refused: it is stored with each point, and 10,000 points with a name of 200 kB wrote 2 GB.</summary>
    public const int NameBytesMax = 1024;

    /// <summary>Names by which is counted, of models, tools and the like: each is a row of an answer. 20,000 models of 1 kB made a summary of 22 MB, and pages that watch it took 2 GB. What comes past them is counted under one more name.</summary>
    public const int NamesMax = 3000;

    /// <summary>Bytes of such a name; of a longer one they are its beginning. The longest that Claude Code has are those of MCP's tools, 64 characters.</summary>
    public const int CountedNameBytesMax = 200;

    /// <summary>Bytes of one text that is not all UTF-8: each wrong one becomes three.</summary>
    public const int WrongTextBytesMax = 8 << 20;

    /// <summary>Values within arrays and maps of all the records of one request. Of empty ones a body of the largest default size holds twenty million, each of which becomes more text than it was: that took 270 MB.</summary>
    public const int NestedValuesMax = 1_000_000;

    /// <summary>Events, links and exemplars of all the records of one request. An SDK keeps 128 events and 128 links of a span.</summary>
    public const int EmbeddedPerRequestMax = 200_000;

    /// <summary>A body that takes more than this, read or inflated, is decoded and written alone: as text it may be six times that, and several at once would be gigabytes. Claude Code's largest seen is 616 kB.</summary>
    public const int LargeBodyBytes = 1 << 20;

    /// <summary>Nearly all bodies are smaller.</summary>
    public const int SmallBodyBytes = 32 << 10;

    /// <summary>Bytes of all bodies up to <see cref="SmallBodyBytes"/> that are being read or decoded. All connections (<see cref="ConnectionsMax"/>) may have one of these, so that over HTTP/1 there is always room; over HTTP/2 a connection may have more. What does not fit waits, and is 503 after <see cref="LargeBodyWait"/>.</summary>
    public const int SmallBodiesBytesMax = 32 << 20;

    /// <summary>Bytes of all others up to <see cref="LargeBodyBytes"/>: two dozen of Claude Code's largest at once, each of which is there in milliseconds.</summary>
    public const int UsualBodiesBytesMax = 16 << 20;

    /// <summary>Bytes of all larger ones. One alone may be larger, as that of the largest default size is.</summary>
    public const int LargeBodiesBytesMax = 48 << 20;

    /// <summary>A body that announces its length is given room for so many times what has come of it. With twice as much, the arrays that it had before were 30 MB more beside a large one.</summary>
    public const int AnnouncedTimes = 8;

    /// <summary>How long a body may take to come, since others wait for its room: twice as long as Claude Code itself would wait.</summary>
    public static readonly TimeSpan BodyTime = TimeSpan.FromSeconds(20);

    /// <summary>How often who waits for that room looks for it.</summary>
    public static readonly TimeSpan BodyRoomLook = TimeSpan.FromMilliseconds(20);

    /// <summary>Bytes that the server reads ahead of whoever takes a body, of a connection, and over HTTP/2 of a stream too; its own default is 1 MiB, which would be gigabytes for all connections.</summary>
    public const int ReadAheadBytesMax = 64 << 10;

    /// <summary>The same of all streams of an HTTP/2 connection together: one whose body waits for room, and another beside it.</summary>
    public const int StreamsReadAheadBytesMax = 2 * ReadAheadBytesMax;

    /// <summary>Requests at once on one HTTP/2 connection; more wait at the client. With 32 the connections of clients that begin with more, before they have heard of it, were closed: they take 100 for granted (RFC 9113, 6.5.2).</summary>
    public const int StreamsPerConnectionMax = 100;

    /// <summary>Requests at once over HTTP/2, of all connections. Each is kept until its answer is taken, with headers of up to <see cref="HeadersBytesMax"/>, for which repeating one costs a byte: 3,000 of 27 kB took 238 MB.</summary>
    public const int Http2RequestsMax = 1500;

    /// <summary>Of these without a good token, on one connection from its beginning. An exporter that was told none sends some, and hears of it; one more, and the connection ends, and it begins another. More than the wrong tokens that are looked at at once (<see cref="WrongTokensAtOnce"/>), after which each is told to wait.</summary>
    public const int UnknownRequestsMax = 40;

    /// <summary>Connections that ended for that after which the collector looks for what they left: 3.4 MB each.</summary>
    public const int EndedConnectionsPerCollection = 8;

    /// <summary>How long an answer over HTTP/2 waits to be taken, once it is whole.</summary>
    public static readonly TimeSpan AnswerTaken = TimeSpan.FromSeconds(10);

    /// <summary>Connections with HTTP/2 that are read at once; each keeps some kilobytes for each request that it ever had at once, and with 300 that began a hundred each it took a gigabyte. An exporter has one, and so has a browser over TLS.</summary>
    public const int Http2ConnectionsMax = 100;

    /// <summary>Of these the ones that have not brought a good token yet; more wait to be read. A hundred that began a hundred requests each, with 13 kB of headers, took 365 MB before they were ended.</summary>
    public const int Http2StrangersMax = 16;

    /// <summary>How long each of those may stay while another waits; then the oldest ends. Longer than who has a token needs to send it once it is greeted, and so short that one behind a hundred of them was read after 1.6 s.</summary>
    public static readonly TimeSpan StrangerAlone = TimeSpan.FromMilliseconds(250);

    /// <summary>Connections that wait to be read, each with up to <see cref="ReadAheadBytesMax"/> that it sends meanwhile: one more is closed.</summary>
    public const int StrangersWaitingMax = 400;

    /// <summary>How long they wait: as long as an exporter for its answer.</summary>
    public static readonly TimeSpan StrangerWait = TimeSpan.FromSeconds(10);

    /// <summary>How often who waits looks whether one has stayed so long.</summary>
    public static readonly TimeSpan StrangerLook = TimeSpan.FromMilliseconds(20);

    /// <summary>Answers of the API that are made at once; what more is asked waits. A page asks some ten at once, which take milliseconds.</summary>
    public const int AnswersMadeMax = 4;

    /// <summary>Bytes of an answer from which on it counts as a long one while it waits for its client. What is shorter is little, for as many connections as there may be.</summary>
    public const int LongAnswerBytes = 128 << 10;

    /// <summary>Long answers at once that wait for their clients to take them, and as many more that wait for a place among these.</summary>
    public const int LongAnswersMax = 4;

    /// <summary>How long a client has to take one of these. Then it is broken off.</summary>
    public static readonly TimeSpan LongAnswerTaken = TimeSpan.FromSeconds(30);

    /// <summary>How long one more waits for one of these to be taken. Then it is 503.</summary>
    public static readonly TimeSpan LongAnswerWait = TimeSpan.FromSeconds(2);

    /// <summary>Bytes of a request's headers in all; more is 431. An export has less than 1 kB, a browser its cookies of all ports of this machine.</summary>
    public const int HeadersBytesMax = 16 << 10;

    /// <summary>Connections at once. A machine's sessions have some dozens; each takes some kilobytes and a handle, of which many systems allow 1,024.</summary>
    public const int ConnectionsMax = 900;

    /// <summary>How long a body waits for others, for room and, a large one, for its turn, in all. Then it is 503, well within a client's 10 s.</summary>
    public static readonly TimeSpan LargeBodyWait = TimeSpan.FromSeconds(2);

    /// <summary>Attributes of a record of which it is remembered where they end, for the next one may begin with the same. Claude Code's records have five to ten in common.</summary>
    public const int AlikeAttributesMax = 32;

    /// <summary>Buckets or quantiles of one data point, past which it is rejected. SDKs send some dozens, and 160 at most for an exponential histogram.</summary>
    public const int BucketsPerPointMax = 10_000;

    /// <summary>Values nested in one protobuf value: as many as <see cref="JsonDepthMax"/> lets nest in JSON.</summary>
    public const int AnyValueDepthMax = 80;

    /// <summary>Groups nested in an unknown protobuf field. OTLP has none, so only a mistake or malice nests them.</summary>
    public const int GroupDepthMax = 32;

    /// <summary>The most that --max-body may allow: JSON of a text takes up to six times its bytes, and one buffer holds two gigabytes.</summary>
    public const int BodyBytesMaxMax = 256 << 20;

    /// <summary>Exports waiting for the writer. Past it a client is told to come back in <see cref="RetryAfterSeconds"/>.</summary>
    public const int QueueBatchesMax = 1024;

    /// <summary>Bytes of text waiting for the writer, which it writes in about a second; one export alone may be larger, else it could never be written.</summary>
    public const long QueueBytesMax = 48L << 20;

    /// <summary>
    /// How long the writer gathers exports for one transaction while several clients are at work, until as many have come as were in hand at once before: more than a client of the same machine takes
    /// from an answer to its next export. A point took 11.8 us of CPU without it and 11.1 with it, an event 30.5 and 25.2. Windows may make 16 ms of it.
    /// </summary>
    public static readonly TimeSpan GatherWait = TimeSpan.FromMilliseconds(1);

    /// <summary>Transactions for which nothing is gathered after it was in vain: 1, then 2, 4, up to so many: where it is always in vain, one transaction of 65 waits.</summary>
    public const int GatherSkipsMax = 64;

    /// <summary>Bytes of text waiting from which on nothing more is gathered. That is several hundred events, whose writing and counting takes longer than the wait.</summary>
    public const int GatherBytesMax = 1 << 20;

    /// <summary>Pages of 4 KiB in the write-ahead log from which on they are moved into the file; SQLite's own default.</summary>
    public const int LogPagesMax = 1000;

    /// <summary>Bytes that are written to the log at once: 31 pages and what stands before each.</summary>
    public const int LogWriteBytesMax = 128 << 10;

    /// <summary>How long what is stored may wait to be counted while more arrives: many transactions add to the same sums. Well below the 250 ms in which the page shows it.</summary>
    public static readonly TimeSpan CountWithin = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Records that so wait; counting them takes some milliseconds, for which who comes meanwhile waits. With 256, 512 and 1,024 an event took 26.0, 25.4 and 23.9 us of CPU, and the p99 at half the
    /// rate was 10, 12 and 15 ms, on a machine that has been half as fast on other days.
    /// </summary>
    public const int UncountedRecordsMax = 256;

    /// <summary>Data points that weigh as much as one record there, for they share more: with 512, 1,024 and 2,048 together a point took 11.4, 10.3 and 9.6 us, and the p99 was 8, 9 and 11 ms.</summary>
    public const int PointsOfRecord = 6;

    /// <summary>And their bytes in memory.</summary>
    public const long UncountedBytesMax = 8L << 20;

    /// <summary>Buckets of a row of usage_spread whose memory is used again: as many as a usual transaction changes of the commonest tool. One of all 960 buckets has 54 kB, and <see cref="UncountedRecordsMax"/> rows are kept.</summary>
    public const int SpareBucketsMax = 32;

    /// <summary>So long after a stream of exports has ended, the memory that it took is given back. Clients send every few seconds, and each of those would begin it anew.</summary>
    public static readonly TimeSpan StreamOver = TimeSpan.FromSeconds(20);

    /// <summary>How long a command that reads the file waits for a running server to count what is stored there.</summary>
    public static readonly TimeSpan UncountedWait = TimeSpan.FromMilliseconds(300);

    /// <summary>Rows in one transaction. Larger groups gain little (one fsync is already shared) and hold back the first answer.</summary>
    public const int TransactionRowsMax = 20_000;

    /// <summary>Refused exports that are remembered, for the question why nothing arrives.</summary>
    public const int RefusalsKeptMax = 100;

    /// <summary>Tokens with a name: one for each machine of a large department.</summary>
    public const int NamedTokensMax = 1000;

    /// <summary>Characters of such a name; a host's has 63.</summary>
    public const int TokenNameCharactersMax = 100;

    /// <summary>Bytes of the file that they are kept in: all of them at their longest take less.</summary>
    public const int TokenFileBytesMax = 1 << 20;

    /// <summary>How often that file is looked at, which is one question to the system: so soon a token that is taken back is good no longer.</summary>
    public static readonly TimeSpan TokenLookInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Wrong tokens that one address may bring at once. A client that is set up wrongly brings one of each signal, a person some.</summary>
    public const int WrongTokensAtOnce = 30;

    /// <summary>After those one in such a time is still told that it is wrong; the others are told to wait.</summary>
    public static readonly TimeSpan WrongTokenInterval = TimeSpan.FromSeconds(1);

    /// <summary>Addresses whose wrong tokens are counted; a stranger may come from any number of them, and must not fill the memory with it.</summary>
    public const int WrongTokenAddressesMax = 1024;

    /// <summary>Rules of what is dropped or hashed, each of which is compared with each attribute.</summary>
    public const int RedactRulesMax = 100;

    /// <summary>Bytes of a name in such a rule; the longest that is known has 40.</summary>
    public const int RedactNameBytesMax = 200;

    /// <summary>Messages to the operator that wait for a slow reader of stderr.</summary>
    public const int MessagesWaitingMax = 200;

    /// <summary>Characters of each path and reason of those; a stranger chooses the path.</summary>
    public const int RefusalCharactersMax = 400;

    /// <summary>Characters of a message in gRPC's trailers, past which it is cut: clients bound the size of headers, and refuse the whole answer past it.</summary>
    public const int GrpcMessageCharactersMax = 1024;

    /// <summary>What a 503 asks the client to wait. Claude Code retries within 10 s in all, and drops the batch when told to wait longer.</summary>
    public const int RetryAfterSeconds = 1;

    /// <summary>Bytes read and thrown away after a refused body, so that a client that is still sending reads the answer instead of a reset.</summary>
    public const long DrainBytesMax = 256L << 20;

    /// <summary>And how long nothing may come of it until it is answered all the same: who has announced a body that is too large may wait for the answer before sending it.</summary>
    public static readonly TimeSpan DrainQuiet = TimeSpan.FromSeconds(1);

    /// <summary>Wait for another program's lock on the database. An export may wait for another's wait and then for its own, and <see cref="WriteWait"/> is for both.</summary>
    public const int BusyTimeoutMs = 3000;

    /// <summary>The same once one has waited in vain: the next need not wait as long to be told so.</summary>
    public const int BusyTimeoutInTroubleMs = 300;

    /// <summary>How long a request waits to be on disk, less what it has waited before, for others or for the disk. Then it is 503, well within a client's 10 s, and is written all the same once the disk goes on.</summary>
    public static readonly TimeSpan WriteWait = TimeSpan.FromSeconds(6);

    /// <summary>A disk that has not answered for so long is called slow: an fsync takes some milliseconds, and hundreds on a busy spinning disk.</summary>
    public static readonly TimeSpan SlowWrite = TimeSpan.FromSeconds(3);

    /// <summary>Bodies that a database which is begun beside a damaged one knows of that one, the newest: a client retries for seconds, and nobody sends so many in that time.</summary>
    public const int CarriedBodiesMax = 100_000;

    /// <summary>Cumulative series of which it knows where they stand, those with the newest points: some hundred sessions have so many.</summary>
    public const int CarriedSeriesMax = 100_000;

    /// <summary>How long a start reads the database for damage, as long as the rest of it takes. The other pages are read right after it, and what is wrong with one is dealt with then.</summary>
    public static readonly TimeSpan StartCheck = TimeSpan.FromMilliseconds(50);

    /// <summary>Bytes of a file that a start reads at all: of a larger one that time is enough for a small part, and is what its start would take longer.</summary>
    public const long StartCheckBytesMax = 256 << 20;

    /// <summary>The same where SQLite says at work that it is damaged, which it may only have read wrongly. Where that is found so, all is read for as long again, which a disk that gives errors does not let happen. The writer does nothing else meanwhile, so both together are less than <see cref="WriteWait"/>.</summary>
    public static readonly TimeSpan DamageCheck = TimeSpan.FromSeconds(2);

    /// <summary>A database too large to be looked through in that time is taken for damaged when SQLite has said so as often as this within <see cref="DamageTimesWithin"/>: a disk that gave errors once is no reason to set it aside.</summary>
    public const int DamageTimes = 3;

    /// <summary>A client that retries, or a page that is open, has met the same broken page as often in some seconds.</summary>
    public static readonly TimeSpan DamageTimesWithin = TimeSpan.FromMinutes(1);

    /// <summary>Steps of SQLite's between two looks at the clock; a thousand are far less than a millisecond.</summary>
    public const int CheckSteps = 1000;

    /// <summary>How long the rest of a large database is read in the background at a time, and then left for as long.</summary>
    public static readonly TimeSpan LeisureSlice = TimeSpan.FromMilliseconds(20);

    /// <summary>What the log may grow by while a table is read in the background, which keeps it from being begun anew: four times its usual length. Then the table is read in parts.</summary>
    public const int LeisureLogBytes = 16 << 20;

    /// <summary>Rows of such a part; some megabytes, which are read in some milliseconds.</summary>
    public const int LeisureRows = 1000;

    /// <summary>Rows that a recovery writes in one transaction: a commit for each would take longer than all else.</summary>
    public const int RecoverRowsPerStep = 1000;

    /// <summary>Rows by which a recovery knows a table whose name is lost: on some pages, of which one or two may be damaged.</summary>
    public const int RecoverSampleRows = 64;

    /// <summary>A row with a higher id is none that was written: at 10,000 a second it would take nine centuries. One of SQLite's highest would leave no id for what comes.</summary>
    public const long RecoverIdMax = 1L << 48;

    /// <summary>A row that claims to be longer is damaged: SQLite itself takes none.</summary>
    public const int RecoverRowBytesMax = 1_000_000_000;

    /// <summary>How often a start tries to have its data folder for itself: who only looks has it for a moment.</summary>
    public const int HoldTries = 5;

    /// <summary>Between two of these; all of them are too short to be noticed.</summary>
    public static readonly TimeSpan HoldWait = TimeSpan.FromMilliseconds(40);

    /// <summary>A connection that says nothing is closed; what browsers open ahead of need waits less, and Kestrel gives headers as long.</summary>
    public static readonly TimeSpan FirstBytesTimeout = TimeSpan.FromSeconds(30);

    /// <summary>How long TLS's handshake may take, which is two or three messages each way; a modem needs a second.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>How often a certificate's files are looked at while connections come: whoever renews one writes it some days before its end.</summary>
    public static readonly TimeSpan CertificateLookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long before its end a certificate is told of; what renews one by itself does so weeks before.</summary>
    public static readonly TimeSpan CertificateEndNear = TimeSpan.FromDays(14);

    /// <summary>How often it is told of again, while connections come.</summary>
    public static readonly TimeSpan CertificateEndTold = TimeSpan.FromDays(1);

    /// <summary>How long a stopping server still answers exports in flight. One that is sent slowly is broken off then, which takes up to a second, and the program is to end within five.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(3);

    /// <summary>Idle connections stay open longer than Claude Code's default metric interval of 60 s.</summary>
    public static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromMinutes(5);

    /// <summary>A body's hash is kept this long as the guard against retries; Claude Code retries within 10 s.</summary>
    public static readonly TimeSpan BodyHashKept = TimeSpan.FromDays(1);

    /// <summary>Rows of one <c>/api/sessions</c> answer.</summary>
    public const int SessionsMax = 1000;

    /// <summary>Active sessions that <c>/api/now</c> lists; a page shows no more at once.</summary>
    public const int NowSessionsMax = 50;

    /// <summary>Limits of one official reading that are told of; a plan has two or three.</summary>
    public const int ReadLimitsMax = 20;

    /// <summary>Official readings that are looked through for an earlier one of the same window; a scraper that reads every hour has 168 in seven days.</summary>
    public const int ReadingsComparedMax = 200;

    /// <summary>Groups of one breakdown that are told apart; a chart has fewer colours.</summary>
    public const int BreakdownTopMax = 50;

    /// <summary>Values of one dimension (models, projects, ...) in the list of them; a menu is shorter.</summary>
    public const int DimensionValuesMax = 1000;

    /// <summary>Sessions that one <c>/api/sessions</c> answer may leave out before its first; each costs a place in the sorting.</summary>
    public const int SessionsOffsetMax = 1_000_000;

    /// <summary>Characters of the text that sessions are searched for; the longest name anyone types.</summary>
    public const int SearchCharactersMax = 200;

    /// <summary>Dollars that <c>minCost</c> may ask for, far above any session's.</summary>
    public const int MinCostUsdMax = 1_000_000_000;

    /// <summary>Requests, tool calls and prompts, each, in the answer about one session.</summary>
    public const int SessionRowsMax = 5000;

    /// <summary>Characters of a prompt or error in the list of a session's events: some lines. The event itself has the whole.</summary>
    public const int EventTextCharactersMax = 500;

    /// <summary>Buckets of one time series; a chart has fewer pixels.</summary>
    public const int BucketsMax = 1000;

    /// <summary>Readings in one <c>/api/scrapes</c> answer.</summary>
    public const int ScrapesMax = 1000;

    /// <summary>Bytes of one posted reading.</summary>
    public const int ScrapeBytesMax = 64 << 10;

    /// <summary>Nested values in a reading; every summary carries the newest, and JSON as a whole may be 64 deep.</summary>
    public const int ScrapeDepthMax = 16;

    /// <summary>How far ahead of ours a scraper's clock may be. A reading of next year would leave nothing since the last one, for a year.</summary>
    public static readonly TimeSpan ScrapeAheadMax = TimeSpan.FromMinutes(5);

    /// <summary>Two ends of one official window may differ by so much: each answer of the API was seen to say it anew, to the second.</summary>
    public static readonly TimeSpan SameWindow = TimeSpan.FromMinutes(5);

    /// <summary>Characters of each thing that is told of where a session is at work; Linux's longest path has 4,096 bytes.</summary>
    public const int PlaceCharactersMax = 4096;

    /// <summary>How often a server looks whether its files are still in their places, which is some questions to the system: what it holds open and is deleted is gone with its process, and a process seldom ends so soon after.</summary>
    public static readonly TimeSpan FileLookInterval = TimeSpan.FromSeconds(1);

    /// <summary>While nothing can be stored, the writer looks this often whether it can again.</summary>
    public static readonly TimeSpan TroubleProbeInterval = TimeSpan.FromSeconds(2);

    /// <summary>Values of one filter (<c>model=</c>, <c>session=</c>, ...) in one query.</summary>
    public const int FilterValuesMax = 50;

    /// <summary>Pages that follow <c>/api/live</c> at once; each costs one query per commit.</summary>
    public const int LiveClientsMax = 64;

    /// <summary>The shortest time between two messages to one live page: faster than the eye, slower than a busy hub's commits.</summary>
    public static readonly TimeSpan LiveInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>A comment keeps a silent event stream open through proxies, and finds the ones that are gone.</summary>
    public static readonly TimeSpan LiveKeepAlive = TimeSpan.FromSeconds(15);

    /// <summary>A session is active while something of it arrived this recently.</summary>
    public static readonly TimeSpan ActiveSession = TimeSpan.FromMinutes(5);

    /// <summary>Ids that the writer remembers per kind (resource, scope, session, name) before it asks the database again.</summary>
    public const int IdCacheMax = 4096;

    /// <summary>The highest number of an event that is looked at, far above any process's: so the sums of what is missing can not overflow.</summary>
    public const long EventSequenceMax = 1_000_000_000_000;

    /// <summary>Events of one session with the same number, which are of as many processes. A client that numbers all its events alike must not cost a look at each for each.</summary>
    public const int SequenceLevelsMax = 64;

    /// <summary>A user's newest sessions, among which the number that fills a hole is looked for, and from a session's beginning on when he began in it: as many as somebody begins in half a year who begins twenty a day. Looking at all takes some milliseconds.</summary>
    public const int SequenceSessionsMax = 4000;

    /// <summary>Batches kept for the next request instead of being collected: as many as wait to be counted, if each has one record, and some in flight. With 64 a request of two records made 24 kB anew, and the collector looked through all of its memory once a second.</summary>
    public const int PooledBatchesMax = UncountedRecordsMax + 32;

    /// <summary>Bytes of a batch that counts as small there: recorded requests of up to 26 records take 20 to 55 kB.</summary>
    public const int SmallBatchBytes = 64 << 10;

    /// <summary>Batches that are kept where they are larger: as many usual ones as wait to be counted, and some in flight.</summary>
    public const int PooledLargeBatchesMax = 64;

    /// <summary>Bytes of text a pooled batch may keep; a rare huge body does not stay in memory.</summary>
    public const int PooledTextBytesMax = 1 << 20;

    /// <summary>Bytes of an array for a body that is kept for the next one; a power of two, as the pool's arrays are. The pool keeps some of each size for each thread, so what is larger is the system's:
    /// after 50 clients with bodies of 64 KiB to 1 MiB the program had 60 to 67 MB 20 s later where all of these were the pool's, and 29 to 52 so; 112 to 122 and 96 to 111 at most.</summary>
    public const int PooledBodyBytesMax = 64 << 10;

    /// <summary>Bytes from which on a piece of the system's memory is mapped by itself, so that it is back at once when it is freed. Claude Code's largest body seen is 616 kB: mapping
    /// those anew each time would be a page fault for every 4 KiB of it.</summary>
    public const int MappedBytesMin = 1 << 20;
}
