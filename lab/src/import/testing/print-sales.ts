import { readCategories } from '../categories.js';
import { onlineRetailImporter } from '../online-retail.js';
import { eventsOf } from './events-of.js';
import { foldSales, type OrderEvent } from './sales-fold.js';

// A program: prints, as JSON, the sales that the importer's events of a file fold to.
const [file = '', categories = ''] = process.argv.slice(2);
const { events } = await eventsOf(onlineRetailImporter(await readCategories(categories)), file);
process.stdout.write(JSON.stringify(foldSales(events as readonly OrderEvent[])));
